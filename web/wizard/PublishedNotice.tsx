import { Alert, Anchor } from "@mantine/core";
import { Link } from "react-router";
import type { JsonObject } from "../../json/equality.ts";
import { formatMoment } from "../format/zonedTime.ts";
import { timeZoneOf } from "../forms/dependentChanges.ts";
import { eventPageOfDraft } from "./eventPageLink.ts";

interface PublishedNoticeProps {
  readonly state: JsonObject;
  /** Null if the draft has no event, for example because it was deleted. */
  readonly eventId: string | null;
}

export function PublishedNotice({ state, eventId }: PublishedNoticeProps) {
  if (eventId === null) {
    return (
      <Alert color="gray" title="This draft is completed" mb="lg" role="status">
        It can no longer be changed, and it has no event.
      </Alert>
    );
  }
  const page = eventPageOfDraft(state, new Date());
  return (
    <Alert color="green" title="This event is published" mb="lg" role="status">
      This draft can no longer be changed. {page.kind === "private" && "The event is private, so it has no event page."}
      {page.kind === "later" && `The event page opens on ${formatMoment(page.publishAt, timeZoneOf(state))}.`}
      {page.kind === "open" && (
        <Anchor component={Link} to={page.path} underline="always" inherit>
          View event page
        </Anchor>
      )}
    </Alert>
  );
}
