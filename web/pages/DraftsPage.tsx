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
const MAX_SHOWN = 100;
const STATUS = {
  IN_PROGRESS: { label: "Draft", color: "indigo" },
  COMPLETED: { label: "Completed", color: "gray" },
  ABANDONED: { label: "Abandoned", color: "gray" },
} as const;
// Drafts are in the order of their last save, the others in the order of their start.
const LISTS = [
  { key: "drafts", title: "Drafts" },
  { key: "finished", title: "Published and finished" },
] as const;
const PUBLISHED = { label: "Published", color: "green" } as const;

export default function DraftsPage() {
  const { user } = useAuth();
  // Analysts have no events.
  return user?.role === "analyst" ? <Navigate to="/funnel" replace /> : <DraftList />;
}

function DraftList() {
  const navigate = useNavigate();
  const [shown, setShown] = useState({ drafts: PAGE_SIZE, finished: PAGE_SIZE });
  const { data, previousData, error, refetch } = useQuery(DraftsDocument, { variables: shown });
  const [deleting, setDeleting] = useState<DraftRow>();
  const heading = useRef<HTMLHeadingElement>(null);
  const lists = data ?? previousData;
  // The client makes the id: repeating a request whose answer was lost does not create a second session.
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
      {error && !lists && (
        <Alert color="red" role="alert" title="Your events can't be loaded">
          <Stack gap="xs" align="flex-start">
            {errorText(error)}
            <Button size="xs" variant="default" onClick={() => refetch()}>
              Try again
            </Button>
          </Stack>
        </Alert>
      )}
      {!lists && !error && <Loading />}
      {lists && LISTS.every(({ key }) => lists[key]?.nodes.length === 0) && (
        <Card withBorder padding="xl" radius="lg">
          <Text>
            You have no events yet. Create your first one: it is saved as you type, and you can finish it later.
          </Text>
        </Card>
      )}
      {LISTS.map(({ key, title }) => {
        const list = lists?.[key];
        if (!list || list.nodes.length === 0) return null;
        return (
          <Stack key={key} component="section" gap="sm" aria-labelledby={key}>
            <Title order={2} size="h3" id={key}>
              {title}
            </Title>
            <Stack component="ul" gap="sm" m={0} p={0} style={{ listStyle: "none" }}>
              {list.nodes.map((draft) => (
                <DraftCard key={draft.id} draft={draft} onEdit={edit} onDelete={() => setDeleting(draft)} />
              ))}
            </Stack>
            {list.pageInfo.hasNextPage && shown[key] < MAX_SHOWN && (
              <Button
                variant="default"
                aria-describedby={key}
                onClick={() => setShown({ ...shown, [key]: Math.min(shown[key] + PAGE_SIZE, MAX_SHOWN) })}
              >
                Show more
              </Button>
            )}
          </Stack>
        );
      })}
      <DeleteDialog
        draft={deleting}
        onClose={() => setDeleting(undefined)}
        onDeleted={() => refetch()}
        onClosed={() => heading.current?.focus()}
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
  const title = draftName(draft.title);
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
            <Title order={3} size="h4" dir="auto" lineClamp={2} style={{ overflowWrap: "anywhere" }}>
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
            <Button component={Link} to={page.path} variant="light" aria-label={`View event page of ${title}`}>
              View event
            </Button>
          )}
          {page.kind !== "open" && (
            <Button
              component={Link}
              to={`/sessions/${draft.id}`}
              variant="light"
              aria-label={`${completed ? "View" : "Resume"} ${title}`}
            >
              {completed ? "View" : "Resume"}
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
  /** Called when the dialog has closed after a deletion. The button that opened it is gone. */
  readonly onClosed: () => void;
}

function DeleteDialog({ draft, onClose, onDeleted, onClosed }: DeleteDialogProps) {
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
        if (deleted.current) onClosed();
        deleted.current = false;
      }}
      title="Delete this draft?"
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="md">
        <Text>
          {draft && `“${draftName(draft.title)}”`} and its history will be deleted. This can't be undone.
          {draft?.status === "COMPLETED" && draft.event && " The published event stays."}
        </Text>
        {error && <Alert color="red" role="alert" children={errorText(error)} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button color="red.9" loading={loading} onClick={() => confirm().catch(() => {})}>
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
