import { useMutation, useQuery } from "@apollo/client/react";
import { Alert, Badge, Button, Card, Group, Modal, Progress, Stack, Text, Title } from "@mantine/core";
import { useRef, useState } from "react";
import { Link, Navigate, useNavigate } from "react-router";
import { newId } from "../../client/index.ts";
import { STAGES } from "../../wizard/stages.ts";
import { DeleteDraftDocument, type DraftRow, DraftsDocument } from "../api/documents.ts";
import { errorText } from "../api/errorText.ts";
import { useAuth } from "../auth/useAuth.ts";
import { ago } from "../format/ago.ts";
import { draftName } from "../format/draftName.ts";
import { Loading } from "../layout/Loading.tsx";
import { useNow } from "../layout/useNow.ts";
import { eventPageOf } from "../wizard/eventPageLink.ts";

const PAGE_SIZE = 20;
const MOST = 100;
const STATUS = {
  IN_PROGRESS: { label: "Draft", color: "indigo" },
  COMPLETED: { label: "Completed", color: "gray" },
  ABANDONED: { label: "Set aside", color: "gray" },
} as const;
const PUBLISHED = { label: "Published", color: "green" } as const;

export default function Drafts() {
  const { user } = useAuth();
  // Who only reads statistics has no events.
  return user?.role === "analyst" ? <Navigate to="/funnel" replace /> : <DraftList />;
}

function DraftList() {
  const navigate = useNavigate();
  const [first, setFirst] = useState(PAGE_SIZE);
  const { data, previousData, error, refetch } = useQuery(DraftsDocument, { variables: { first } });
  const [leaving, setLeaving] = useState<DraftRow>();
  const heading = useRef<HTMLHeadingElement>(null);
  const sessions = (data ?? previousData)?.wizardSessions;
  // The id is made here, so that a request whose answer got lost can't make a second one.
  const create = () => navigate(`/sessions/${newId()}`);
  const edit = (eventId: string) => navigate(`/sessions/${newId()}?event=${eventId}`);

  return (
    <Stack gap="lg">
      <title>Your events · Stagekeep</title>
      <Group justify="space-between">
        <Title order={1} ref={heading} tabIndex={-1}>
          Your events
        </Title>
        <Button size="md" onClick={create}>
          New event
        </Button>
      </Group>
      {error && !sessions && (
        <Alert color="red" role="alert" title="Your events can't be shown">
          <Stack gap="xs" align="flex-start">
            {errorText(error)}
            <Button size="xs" variant="default" onClick={() => refetch()}>
              Try again
            </Button>
          </Stack>
        </Alert>
      )}
      {!sessions && !error && <Loading />}
      {sessions?.nodes.length === 0 && (
        <Card withBorder padding="xl" radius="lg">
          <Text>You have no events yet. Begin one; it is saved as you type, and you can go on whenever you like.</Text>
        </Card>
      )}
      {sessions && sessions.nodes.length > 0 && (
        <Stack component="ul" gap="sm" m={0} p={0} style={{ listStyle: "none" }}>
          {sessions.nodes.map((draft) => (
            <DraftCard key={draft.id} draft={draft} onEdit={edit} onDelete={() => setLeaving(draft)} />
          ))}
        </Stack>
      )}
      {sessions && sessions.totalCount > sessions.nodes.length && first < MOST && (
        <Button variant="default" onClick={() => setFirst(Math.min(first + PAGE_SIZE, MOST))}>
          Show more
        </Button>
      )}
      <DeleteDialog
        draft={leaving}
        onClose={() => setLeaving(undefined)}
        onDeleted={() => refetch()}
        onLeft={() => heading.current?.focus()}
      />
    </Stack>
  );
}

interface DraftCardProps {
  readonly draft: DraftRow;
  readonly onEdit: (eventId: string) => void;
  readonly onDelete: () => void;
}

function DraftCard({ draft, onEdit, onDelete }: DraftCardProps) {
  const now = useNow();
  const title = draftName(draft.state);
  const done = draft.progress.filter(({ complete }) => complete).length;
  const completed = draft.status === "COMPLETED";
  const page = eventPageOf(completed ? draft.event : null, now);
  const published = page.kind === "none" ? null : draft.event;
  const { label, color } = published ? PUBLISHED : STATUS[draft.status];
  return (
    <Card component="li" withBorder radius="lg" padding="md">
      <Group justify="space-between" gap="md">
        <Stack gap={6} flex="1 1 260px" miw={0}>
          <Group gap="xs" wrap="nowrap">
            <Title order={2} size="h4" lineClamp={2} style={{ overflowWrap: "anywhere" }}>
              {title}
            </Title>
            <Badge variant="outline" color={color} flex="none" className="readable">
              {label}
            </Badge>
          </Group>
          <Progress
            value={(done / STAGES.length) * 100}
            size="sm"
            maw={360}
            aria-label={`${done} of ${STAGES.length} stages complete`}
          />
          <Text size="sm" c="dimmed">
            {done} of {STAGES.length} stages complete · saved{" "}
            <time dateTime={draft.lastSavedAt}>{ago(new Date(draft.lastSavedAt), now)}</time>
          </Text>
        </Stack>
        <Group gap="xs">
          {page.kind === "open" && (
            <Button component={Link} to={page.path} variant="light" aria-label={`Open page of ${title}`}>
              Open page
            </Button>
          )}
          {page.kind !== "open" && (
            <Button
              component={Link}
              to={`/sessions/${draft.id}`}
              variant="light"
              aria-label={`${completed ? "Look at" : "Resume"} ${title}`}
            >
              {completed ? "Look at" : "Resume"}
            </Button>
          )}
          {published && (
            <Button variant="default" onClick={() => onEdit(published.id)} aria-label={`Edit ${title}`}>
              Edit
            </Button>
          )}
          <Button variant="subtle" color="red" className="readable" onClick={onDelete} aria-label={`Delete ${title}`}>
            Delete
          </Button>
        </Group>
      </Group>
    </Card>
  );
}

interface DeleteDialogProps {
  readonly draft: DraftRow | undefined;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
  /** When the dialog has gone after that: the button that opened it is no longer there. */
  readonly onLeft: () => void;
}

function DeleteDialog({ draft, onClose, onDeleted, onLeft }: DeleteDialogProps) {
  const deleted = useRef(false);
  const [remove, { loading, error, reset }] = useMutation(DeleteDraftDocument);
  const close = () => {
    reset();
    onClose();
  };
  const confirm = async () => {
    if (!draft) return;
    await remove({ variables: { id: draft.id } });
    deleted.current = true;
    onDeleted();
    close();
  };
  return (
    <Modal
      opened={draft !== undefined}
      onClose={close}
      onExitTransitionEnd={() => {
        if (deleted.current) onLeft();
        deleted.current = false;
      }}
      title="Delete this?"
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="md">
        <Text>
          {draft && `“${draftName(draft.state)}”`} goes with all that was entered and its history. That can't be undone.
          {draft?.status === "COMPLETED" && draft.event && " The event that was published from it stays."}
        </Text>
        {error && <Alert color="red" role="alert" children={errorText(error)} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Keep
          </Button>
          <Button color="red.9" loading={loading} onClick={() => confirm().catch(() => {})}>
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
