import { Button, Group, Title } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { useNavigate } from "react-router";
import type { SaveStatus } from "../../client/index.ts";
import { useWizardSession } from "../../client/index.ts";
import type { Json } from "../../json/equality.ts";
import { STAGES } from "../../wizard/stages.ts";
import { goodToken } from "../auth/signedIn.ts";
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
import { Published } from "./PublishedNotice.tsx";
import { Review } from "./Review.tsx";
import { StageList } from "./StageList.tsx";
import { StatusLine } from "./StatusLine.tsx";
import classes from "./Wizard.module.css";

export interface WizardProps {
  readonly sessionId: string;
  readonly userId: string;
  /** The event that a new session is to edit. */
  readonly eventId: string | undefined;
}

const LAST_STAGE = STAGES.length;

export function Wizard({ sessionId, userId, eventId }: WizardProps) {
  const session = useWizardSession(sessionId, {
    userId,
    ...(eventId !== undefined && { eventId }),
    getToken: goodToken,
    live: true,
  });
  const { state, stage: number, status, problems } = session;
  const navigate = useNavigate();
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set());
  const [historyOpen, setHistoryOpen] = useState(false);
  const [target, setTarget] = useState<string>();
  const heading = useRef<HTMLHeadingElement>(null);
  const shownStage = useRef<number>(undefined);
  const isLoaded = session.revision !== undefined;

  // Who goes on to another stage, begins at its top; who follows a link to a field, there.
  useEffect(() => {
    if (!isLoaded) return;
    if (target !== undefined) {
      if (!focusField(target)) heading.current?.focus();
      setTarget(undefined);
    } else if (shownStage.current !== undefined && shownStage.current !== number) {
      heading.current?.focus();
      window.scrollTo({ top: 0 });
    }
    shownStage.current = number;
  }, [number, target, isLoaded]);

  // A stage's problems are of use once somebody has left it, and before publishing.
  const reviewing = number === LAST_STAGE || left.has(LAST_STAGE);
  const isShown = (candidate: number) =>
    left.has(candidate) || candidate < number || (reviewing && candidate < LAST_STAGE);
  const stage = STAGES[number - 1];
  const shownProblems = useMemo(
    () =>
      new Map(problems.filter((problem) => problem.stage === number).map(({ pointer, message }) => [pointer, message])),
    [problems, number],
  );
  const noProblems = useMemo(() => new Map<string, string>(), []);

  if (status.phase === "missing") {
    return <Message title="There is no such draft">It has been deleted, or it belongs to somebody else.</Message>;
  }
  // What is typed into a form that shows nothing of the draft would be written over what the draft has.
  if (!isLoaded) return status.phase === "loading" ? <Loading /> : <NotLoaded status={status} />;
  if (!stage) return null;

  const readOnly = status.phase === "completed";
  const goTo = (next: number) => {
    // Those before it have been left as well, maybe on another day.
    const passed = STAGES.slice(0, number).map((stage) => stage.number);
    setLeft((before) => new Set([...before, ...passed]));
    session.goTo(next);
  };
  const goToField = (stageNumber: number, pointer: string) => {
    if (stageNumber !== number) goTo(stageNumber);
    setTarget(pointer);
  };
  const change = (pointer: string, value: Json | undefined) => {
    session.setFields([...dependentChanges(state, pointer, value), { pointer, value }]);
  };
  // Where there is no page to go to, the wizard says so.
  const openPage = () => {
    const page = eventPageOfDraft(state, new Date());
    if (page.kind === "open") navigate(page.path);
    else heading.current?.focus();
  };
  const showOwnProblems = () => setLeft((before) => new Set([...before, LAST_STAGE]));
  const back = (
    <Button variant="default" disabled={number === 1} onClick={() => goTo(number - 1)}>
      Back
    </Button>
  );
  const name = draftName(state);

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
        <StageList current={number} progress={session.progress} problems={problems} isShown={isShown} onChoose={goTo} />
        <section className={classes.stage} aria-labelledby="stage-heading">
          {readOnly && <Published state={state} eventId={session.eventId} />}
          <Title order={2} id="stage-heading" ref={heading} tabIndex={-1} className={classes.heading}>
            {stage.title}
          </Title>
          {stage.schema.description && <p className={classes.intro}>{stage.schema.description}</p>}
          {number === LAST_STAGE && <Review state={state} problems={problems} onGoTo={goToField} />}
          <form noValidate onSubmit={(event) => event.preventDefault()}>
            <StageForm
              key={stage.key}
              stage={stage}
              state={state}
              problems={isShown(number) ? shownProblems : noProblems}
              readOnly={readOnly}
              onChange={change}
            />
          </form>
          <div className={classes.steps}>
            {number === LAST_STAGE && !readOnly ? (
              <Publish
                session={session}
                back={back}
                onRefused={showOwnProblems}
                onGoTo={goToField}
                onPublished={openPage}
              />
            ) : (
              <Group justify="space-between">
                {back}
                {number < LAST_STAGE && <Button onClick={() => goTo(number + 1)}>Next</Button>}
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
        onLeft={() => heading.current?.focus()}
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
