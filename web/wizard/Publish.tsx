import { Alert, Button, Group, Stack } from "@mantine/core";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { WizardProblem, WizardSessionHandle } from "../../client/index.ts";
import { valueAt } from "../../json/pointer.ts";
import { errorText } from "../api/errorText.ts";
import { type GoTo, ProblemLinks } from "./ProblemLinks.tsx";

interface PublishProps {
  readonly session: WizardSessionHandle;
  /** The button to the previous stage. */
  readonly back: ReactNode;
  readonly onPublished: () => void;
  readonly onRefused: () => void;
  readonly onGoTo: GoTo;
}

interface Refused {
  readonly problems: readonly WizardProblem[];
  /** The state that could not be published. */
  readonly state: WizardSessionHandle["state"];
}

const TAKEN = "taken";

export function Publish({ session, back, onPublished, onRefused, onGoTo }: PublishProps) {
  const [publishing, setPublishing] = useState(false);
  const [failure, setFailure] = useState<string>();
  const [refused, setRefused] = useState<Refused>({ problems: [], state: {} });
  const alert = useRef<HTMLDivElement>(null);
  // Fixed problems are removed from the list. Only publishing can tell that a page address is taken, so that problem stays
  // in the list until the address changes.
  const open = refused.problems.filter(
    ({ pointer, code }) =>
      session.problems.some((problem) => problem.pointer === pointer) ||
      (code === TAKEN && valueAt(session.state, pointer) === valueAt(refused.state, pointer)),
  );

  useEffect(() => {
    if (refused.problems.length > 0) alert.current?.focus();
  }, [refused]);

  const publish = async () => {
    const { state } = session;
    setPublishing(true);
    setFailure(undefined);
    try {
      const result = await session.complete();
      if (result.ok) return onPublished();
      setRefused({ problems: result.problems, state });
      onRefused();
    } catch (error) {
      setFailure(error instanceof Error && error.name === "SaveError" ? error.message : errorText(error));
    } finally {
      setPublishing(false);
    }
  };

  return (
    <Stack gap="md">
      {failure !== undefined && <Alert color="red" role="alert" title="Not published" children={failure} />}
      {open.length > 0 && (
        <Alert
          ref={alert}
          tabIndex={-1}
          color="red"
          role="alert"
          title={open.length === 1 ? "Fix 1 problem to publish" : `Fix ${open.length} problems to publish`}
        >
          <ProblemLinks problems={open} onGoTo={onGoTo} />
        </Alert>
      )}
      <Group justify="space-between">
        {back}
        <Button size="md" loading={publishing} onClick={publish}>
          Publish
        </Button>
      </Group>
    </Stack>
  );
}
