import { Alert, Button, Group, Stack } from "@mantine/core";
import { type ReactNode, useRef, useState } from "react";
import type { WizardProblem } from "../../client/autosave/transport.ts";
import type { WizardSessionHandle } from "../../client/useWizardSession.ts";
import { errorText } from "../api/errorText.ts";
import { type GoTo, ProblemLinks } from "./ProblemLinks.tsx";

interface PublishProps {
  readonly session: WizardSessionHandle;
  /** The way to the stage before. */
  readonly back: ReactNode;
  readonly onPublished: () => void;
  readonly onRefused: () => void;
  readonly onGoTo: GoTo;
}

export function Publish({ session, back, onPublished, onRefused, onGoTo }: PublishProps) {
  const [publishing, setPublishing] = useState(false);
  const [failure, setFailure] = useState<string>();
  const [refused, setRefused] = useState<readonly WizardProblem[]>([]);
  const alert = useRef<HTMLDivElement>(null);
  // What has been mended since is no longer listed.
  const open = refused.filter(({ pointer }) => session.problems.some((problem) => problem.pointer === pointer));

  const publish = async () => {
    setPublishing(true);
    setFailure(undefined);
    try {
      const result = await session.complete();
      if (result.ok) return onPublished();
      setRefused(result.problems);
      onRefused();
      setTimeout(() => alert.current?.focus());
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
          title={open.length === 1 ? "One thing is missing or wrong" : `${open.length} things are missing or wrong`}
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
