import { Button, Group, Title } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { useNavigate } from "react-router";
import type { SaveStatus } from "../../client/index.ts";
import { useWizardSession } from "../../client/index.ts";
import type { Json } from "../../json/equality.ts";
import { valueAt } from "../../json/pointer.ts";
import { STAGES } from "../../wizard/stages.ts";
import { validToken } from "../auth/signedIn.ts";
import { draftName } from "../format/draftName.ts";
import { dependentChanges } from "../forms/dependentChanges.ts";
import { focusField } from "../forms/focusField.ts";
import { StageForm } from "../forms/StageForm.tsx";
import { Loading } from "../layout/Loading.tsx";
import { Message } from "../layout/Message.tsx";
import { ConflictDialog } from "./ConflictDialog.tsx";
import { eventPageOfDraft } from "./eventPageLink.ts";
import { History } from "./History.tsx";
import { Publish } from "./Publish.tsx";
import { PublishedNotice } from "./PublishedNotice.tsx";
import { Review } from "./Review.tsx";
import { StageList } from "./StageList.tsx";
import { StatusLine } from "./StatusLine.tsx";
import classes from "./Wizard.module.css";

interface WizardProps {
  readonly sessionId: string;
  readonly userId: string;
  /** The event that a new session edits. */
  readonly eventId: string | undefined;
}

const LAST_STAGE = STAGES.length;

export function Wizard({ sessionId, userId, eventId }: WizardProps) {
  const session = useWizardSession(sessionId, {
    userId,
    ...(eventId !== undefined && { eventId }),
    getToken: validToken,
    live: true,
  });
  const { state, stage: current, status, problems } = session;
  const navigate = useNavigate();
  const [leftStages, setLeftStages] = useState<ReadonlySet<number>>(new Set());
  const [historyOpen, setHistoryOpen] = useState(false);
  const [target, setTarget] = useState<string>();
  const heading = useRef<HTMLHeadingElement>(null);
  const shownStage = useRef<number>(undefined);
  const isLoaded = session.revision !== undefined;

  // After a change of stage, focus its heading. After a link to a field, focus the field.
  useEffect(() => {
    if (!isLoaded) return;
    if (target !== undefined) {
      if (!focusField(target)) heading.current?.focus();
      setTarget(undefined);
    } else if (shownStage.current !== undefined && shownStage.current !== current) {
      heading.current?.focus();
      window.scrollTo({ top: 0 });
    }
    shownStage.current = current;
  }, [current, target, isLoaded]);

  // The problems of a stage are shown once the user has left it, and those of all stages but the last in the review.
  const reviewing = current === LAST_STAGE || leftStages.has(LAST_STAGE);
  const showsProblemsOf = (number: number) =>
    leftStages.has(number) || number < current || (reviewing && number < LAST_STAGE);
  const stage = STAGES[current - 1];
  const shownProblems = useMemo(
    () =>
      new Map(
        problems.filter((problem) => problem.stage === current).map(({ pointer, message }) => [pointer, message]),
      ),
    [problems, current],
  );
  const noProblems = useMemo(() => new Map<string, string>(), []);

  if (status.phase === "missing") {
    return <Message title="Draft not found">It was deleted, or it belongs to another user.</Message>;
  }
  // An empty form before the draft is loaded would let the user overwrite saved answers.
  if (!isLoaded) return status.phase === "loading" ? <Loading /> : <NotLoaded status={status} />;
  if (!stage) return null;

  const readOnly = status.phase === "completed";
  const goTo = (next: number) => {
    // All earlier stages count as left too: the user may have left them in an earlier visit.
    const passed = STAGES.slice(0, current).map(({ number }) => number);
    setLeftStages((before) => new Set([...before, ...passed]));
    session.goTo(next);
  };
  const goToField = (stageNumber: number, pointer: string) => {
    if (stageNumber !== current) goTo(stageNumber);
    setTarget(pointer);
  };
  const change = (pointer: string, value: Json | undefined) => {
    session.setFields([...dependentChanges(state, pointer, value), { pointer, value }]);
  };
  // If there is no event page to open, the wizard stays and shows PublishedNotice.
  const openEventPage = () => {
    const page = eventPageOfDraft(state, new Date());
    if (page.kind === "open") navigate(page.path);
    else heading.current?.focus();
  };
  const showProblemsOfLastStage = () => setLeftStages((before) => new Set([...before, LAST_STAGE]));
  const back = (
    <Button variant="default" disabled={current === 1} onClick={() => goTo(current - 1)}>
      Back
    </Button>
  );
  const name = draftName(valueAt(state, "/basics/title"));

  return (
    <>
      <title>{`${name} · Stagekeep`}</title>
      <Group justify="space-between" align="flex-start" gap="sm" mb="md">
        <div className={classes.head}>
          <Title order={1} size="h2" className={classes.name}>
            {name}
          </Title>
          <StatusLine status={status} />
        </div>
        <Group gap="xs">
          <Button variant="default" size="sm" disabled={!session.canUndo || readOnly} onClick={session.undo}>
            Undo
          </Button>
          <Button variant="default" size="sm" onClick={() => setHistoryOpen(true)}>
            History
          </Button>
        </Group>
      </Group>
      <div className={classes.columns}>
        <StageList
          current={current}
          progress={session.progress}
          problems={problems}
          showsProblemsOf={showsProblemsOf}
          onChoose={goTo}
        />
        <section className={classes.stage} aria-labelledby="stage-heading">
          {readOnly && <PublishedNotice state={state} eventId={session.eventId} />}
          <Title order={2} id="stage-heading" ref={heading} tabIndex={-1} className={classes.heading}>
            {stage.title}
          </Title>
          {stage.schema.description && <p className={classes.intro}>{stage.schema.description}</p>}
          {current === LAST_STAGE && <Review state={state} problems={problems} onGoTo={goToField} />}
          <form noValidate onSubmit={(event) => event.preventDefault()}>
            <StageForm
              key={stage.key}
              stage={stage}
              state={state}
              problems={showsProblemsOf(current) ? shownProblems : noProblems}
              readOnly={readOnly}
              onChange={change}
            />
          </form>
          <div className={classes.steps}>
            {current === LAST_STAGE && !readOnly ? (
              <Publish
                session={session}
                back={back}
                onRefused={showProblemsOfLastStage}
                onGoTo={goToField}
                onPublished={openEventPage}
              />
            ) : (
              <Group justify="space-between">
                {back}
                {current < LAST_STAGE && <Button onClick={() => goTo(current + 1)}>Next</Button>}
              </Group>
            )}
          </div>
        </section>
      </div>
      <History
        sessionId={sessionId}
        state={state}
        revision={session.revision}
        opened={historyOpen}
        onClose={() => setHistoryOpen(false)}
        onRestore={readOnly ? undefined : session.restore}
      />
      <ConflictDialog
        state={state}
        conflicts={session.conflicts}
        onResolve={session.resolve}
        onClosed={() => heading.current?.focus()}
      />
    </>
  );
}

function NotLoaded({ status }: { readonly status: SaveStatus }) {
  return (
    <>
      <title>Not loaded · Stagekeep</title>
      <Title order={1} size="h2" mb="xs">
        This draft is not loaded yet
      </Title>
      <StatusLine status={status} />
    </>
  );
}
