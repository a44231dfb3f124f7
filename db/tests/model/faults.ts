/** A rule that is broken on purpose in the checker's own database, to see that the checker finds it. */
export interface Fault {
  readonly name: string;
  readonly function: string;
  readonly replaced: string;
  readonly by: string;
}

const fault = (name: string, fn: string, replaced: string, by: string): Fault => ({ name, function: fn, replaced, by });

export const FAULTS: readonly Fault[] = [
  fault(
    "a save does not lock the session",
    "public.save_wizard_session",
    "where s.id = v_id for no key update",
    "where s.id = v_id",
  ),
  fault(
    "completing does not lock the session",
    "app_private.lock_wizard_session",
    "where s.id = v_id for update",
    "where s.id = v_id",
  ),
  fault("keys are not checked", "app_private.check_save_key", "if v_hash is null then", "if true then"),
  fault(
    "a key may be used for another request",
    "app_private.check_save_key",
    "elsif v_hash not in",
    "elsif false and v_hash not in",
  ),
  fault(
    "keys of pruned revisions are forgotten",
    "app_private.check_save_key",
    "v_hash = app_private.old_save_hash(session.id, save_id)",
    "null",
  ),
  fault(
    "a key stays after an update without one",
    "app_private.tg_wizard_sessions__save",
    "if NEW.last_save_id = OLD.last_save_id",
    "if false",
  ),
  fault(
    "the oldest revision that must be kept is pruned",
    "app_private.prune_wizard_session_revisions",
    "- v_limits.always_kept",
    "- v_limits.always_kept + 1",
  ),
  fault("revision 0 is pruned", "app_private.prune_wizard_session_revisions", "and r.revision > 0", ""),
  fault(
    "thinning deletes what a checkpoint does not replace",
    "app_private.thin_wizard_session_revisions",
    "where r.snapshot is not null and",
    "where",
  ),
  fault(
    "a checkpoint is left out where a patch is enough",
    "app_private.tg_wizard_sessions__record",
    "v_checkpoint = NEW.revision % v_every = 0",
    "v_checkpoint = false",
  ),
  fault(
    "1.0 and 1.00 are taken for the same",
    "app_private.tg_wizard_sessions__record",
    "not record_image_eq(row(app_private.json_merge_patch(OLD.state, v_patch)), row(NEW.state))",
    "app_private.json_merge_patch(OLD.state, v_patch) <> NEW.state",
  ),
  fault(
    "the first save after the base is not compared",
    "app_private.save_conflicts_by_history",
    "r.revision > base and v_kept = session.revision - base",
    "r.revision > base + 1 and v_kept = session.revision - base",
  ),
  fault(
    "an incomplete history has no conflicts",
    "app_private.save_conflicts_by_history",
    "where v_kept < session.revision - base",
    "where false",
  ),
  fault(
    "paths below a changed path don't conflict",
    "app_private.json_merge_overlap",
    "where not c.goes_on and jsonb_typeof(c.yours) = 'object'",
    "where false",
  ),
  fault("base values are ignored", "public.save_wizard_session", "when base_values is not null", "when false"),
  fault(
    "writing the present value conflicts",
    "app_private.save_conflicts_by_value",
    "and m.theirs is distinct from yours.value",
    "",
  ),
  fault(
    "an object is compared member by member with another value in its place",
    "app_private.save_conflicts_by_value",
    "and coalesce(jsonb_typeof(t.value), 'object') = 'object'",
    "",
  ),
  fault("the stage of a client that has not moved wins", "public.save_wizard_session", "and r.stage <> v_stage", ""),
  fault(
    "a status completes a session without its answers",
    "app_private.tg_wizard_sessions__check_answers",
    "if v_problems is not null",
    "if false",
  ),
  fault(
    "nested objects are replaced",
    "app_private.json_merge_patch",
    "app_private.json_merge_patch(target -> key, value)",
    "value",
  ),
  fault(
    "an update does not compare the revision",
    "app_private.tg_wizard_sessions__save",
    "if NEW.revision <> OLD.revision",
    "if false",
  ),
  fault(
    "a restore does not compare the base",
    "public.restore_wizard_session",
    "coalesce(base_revision, s.revision)",
    "s.revision",
  ),
  fault(
    "a save does not resume an abandoned session",
    "app_private.tg_wizard_sessions__resume",
    "NEW.status = 'in_progress'",
    "NEW.status = NEW.status",
  ),
  fault("abandoning counts as a save", "public.update_wizard_session_timestamp", "OLD.status = 'in_progress'", "false"),
  fault(
    "the id of a deleted session can be used again",
    "app_private.tg_wizard_sessions__check_id",
    "d.forget_after > now()",
    "false",
  ),
  fault(
    "completing does not compare the revision",
    "public.complete_wizard_session",
    "if base_revision <> v_session.revision",
    "if false",
  ),
  fault(
    "completing overwrites changes of the event",
    "app_private.answers_to_publish",
    "return app_private.merge_answers(v_base.answers, v_session.state, v_theirs)",
    "return v_session.state",
  ),
  fault(
    "deleting an event counts as a save of its sessions",
    "app_private.wizard_session_loses_event",
    "and not exists",
    "and exists",
  ),
];

/** SQL that breaks the rule. Fails if the function does not contain the text any more. */
export const breaking = (fault: Fault) => `
  do $do$
  declare
    v_definition constant text := pg_get_functiondef('${fault.function}'::regproc);
    v_replaced constant text := $text$${fault.replaced}$text$;
  begin
    if position(v_replaced in v_definition) = 0 then
      raise exception '% does not contain: %', '${fault.function}', v_replaced;
    end if;
    execute replace(v_definition, v_replaced, $text$${fault.by}$text$);
  end $do$`;
