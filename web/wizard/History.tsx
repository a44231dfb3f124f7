import { useQuery } from "@apollo/client/react";
import { Alert, Button, Drawer, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { JsonObject } from "../../json/equality.ts";
import { STAGES } from "../../wizard/stages.ts";
import { type RevisionRow, RevisionsDocument, StatesAroundDocument } from "../api/documents.ts";
import { errorText } from "../api/errorText.ts";
import { differencesOf } from "../format/diff.ts";
import { describePointer, describeValue } from "../forms/describeField.ts";
import { Loading } from "../layout/Loading.tsx";
import classes from "./History.module.css";

const PAGE_SIZE = 20;
const MAX_SHOWN = 100;
const MAX_NAMED_PATHS = 3;

interface HistoryProps {
  readonly sessionId: string;
  /** The current state, for the names of tickets. */
  readonly state: JsonObject;
  readonly revision: number | undefined;
  readonly opened: boolean;
  readonly onClose: () => void;
  /** Undefined if the draft can no longer be changed. */
  readonly onRestore: ((revision: number) => Promise<void>) | undefined;
}

export function History({ opened, onClose, ...props }: HistoryProps) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size="lg"
      title="History"
      closeButtonProps={{ "aria-label": "Close history" }}
    >
      {opened && <Revisions {...props} onClose={onClose} />}
    </Drawer>
  );
}

function Revisions({ sessionId, state, revision, onClose, onRestore }: Omit<HistoryProps, "opened">) {
  const [first, setFirst] = useState(PAGE_SIZE);
  const { data, previousData, error, refetch } = useQuery(RevisionsDocument, {
    variables: { id: sessionId, first },
    // The cached list may lack newer saves.
    fetchPolicy: "network-only",
  });
  const revisions = (data ?? previousData)?.wizardSession?.revisions;
  if (error) return <Alert color="red" role="alert" children={errorText(error)} />;
  if (!revisions) return <Loading />;
  const { nodes, totalCount } = revisions;
  return (
    <Stack gap="md">
      {revision !== undefined && (nodes[0]?.revision ?? revision) < revision && (
        <Button variant="light" onClick={() => refetch()}>
          Show newer saves
        </Button>
      )}
      <Stack component="ol" gap="xs" m={0} p={0} className={classes.list}>
        {nodes.map((row, index) => (
          <Revision
            key={row.revision}
            row={row}
            before={nodes[index + 1]?.revision}
            newest={index === 0}
            sessionId={sessionId}
            state={state}
            onRestore={onRestore && (() => onRestore(row.revision).then(onClose))}
          />
        ))}
      </Stack>
      {nodes.length < totalCount && first < MAX_SHOWN && (
        <Button variant="default" onClick={() => setFirst(Math.min(first + PAGE_SIZE, MAX_SHOWN))}>
          Show older saves
        </Button>
      )}
    </Stack>
  );
}

interface RevisionProps {
  readonly row: RevisionRow;
  /** The previous revision, if it is listed. */
  readonly before: number | undefined;
  readonly newest: boolean;
  readonly sessionId: string;
  readonly state: JsonObject;
  readonly onRestore: (() => Promise<void>) | undefined;
}

function Revision({ row, before, newest, sessionId, state, onRestore }: RevisionProps) {
  const [open, setOpen] = useState(false);
  const [failure, setFailure] = useState<string>();
  const [restoring, setRestoring] = useState(false);
  const when = new Date(row.savedAt);
  const name = when.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  const restore = async () => {
    setRestoring(true);
    await onRestore?.().catch((error: unknown) =>
      setFailure(error instanceof Error ? error.message : errorText(error)),
    );
    setRestoring(false);
  };
  return (
    <li className={classes.revision}>
      <Text fw={600} size="sm">
        <time dateTime={row.savedAt}>{name}</time>
        {newest && " (current)"}
      </Text>
      <Text size="sm" c="dimmed">
        Save {row.revision} · Stage {row.stage}: {STAGES[row.stage - 1]?.title}
      </Text>
      <Text size="sm">{summaryOf(row, state)}</Text>
      <Group gap="xs" mt={4}>
        {before !== undefined && row.changedPaths.length > 0 && (
          <Button
            variant="light"
            size="compact-sm"
            aria-expanded={open}
            aria-label={`${open ? "Hide changes" : "Show changes"} of save ${row.revision}`}
            onClick={() => setOpen(!open)}
          >
            {open ? "Hide changes" : "Show changes"}
          </Button>
        )}
        {!newest && onRestore && (
          <Button
            variant="default"
            size="compact-sm"
            loading={restoring}
            aria-label={`Restore save ${row.revision} from ${name}`}
            onClick={restore}
          >
            Restore
          </Button>
        )}
      </Group>
      {failure !== undefined && <Alert color="red" role="alert" mt="xs" children={failure} />}
      {open && before !== undefined && <Changes sessionId={sessionId} before={before} after={row.revision} />}
    </li>
  );
}

function summaryOf({ changedPaths }: RevisionRow, state: JsonObject): string {
  if (changedPaths.length === 0) return "No fields were changed.";
  const named = changedPaths.slice(0, MAX_NAMED_PATHS).map((path) => describePointer(state, path));
  const more = changedPaths.length - named.length;
  return `Changed: ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
}

interface ChangesProps {
  readonly sessionId: string;
  readonly before: number;
  readonly after: number;
}

function Changes({ sessionId, before, after }: ChangesProps) {
  const { data, error } = useQuery(StatesAroundDocument, {
    variables: { id: sessionId, before, after },
    fetchPolicy: "cache-first",
  });
  if (error) return <Alert color="red" role="alert" mt="xs" children={errorText(error)} />;
  if (!data) return <Loading />;
  const [old, next] = [data.before?.state, data.after?.state];
  return (
    <dl className={classes.changes} aria-label={`Changes of save ${after}`}>
      {differencesOf(old, next).map((difference) => (
        <div key={difference.pointer}>
          <dt>{describePointer(next, difference.pointer)}</dt>
          <dd>
            <del>{describeValue(old, difference.pointer, difference.before) ?? "empty"}</del>
          </dd>
          <dd>
            <ins>{describeValue(next, difference.pointer, difference.after) ?? "empty"}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}
