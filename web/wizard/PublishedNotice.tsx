import { Alert, Anchor } from "@mantine/core";
import { Link } from "react-router";
import type { JsonObject } from "../../json/equality.ts";
import { formatMoment } from "../format/zonedTime.ts";
import { timeZoneOf } from "../forms/dependentChanges.ts";
import { eventPageOfDraft } from "./eventPageLink.ts";

interface PublishedProps {
  readonly state: JsonObject;
  /** Null when the event is gone. */
  readonly eventId: string | null;
}

export function Published({ state, eventId }: PublishedProps) {
  if (eventId === null) {
    return (
      <Alert color="gray" title="This draft is completed" mb="lg" role="status">
        Nothing can be changed here any more, and there is no event that belongs to it.
      </Alert>
    );
  }
  const page = eventPageOfDraft(state, new Date());
  return (
    <Alert color="green" title="This event is published" mb="lg" role="status">
      Nothing can be changed here any more.{" "}
      {page.kind === "private" && "It is private: there is no page that others could open."}
      {page.kind === "later" && `Its page can be seen from ${formatMoment(page.publishAt, timeZoneOf(state))} on.`}
      {page.kind === "open" && (
        <Anchor component={Link} to={page.path} underline="always" inherit>
          Open its page
        </Anchor>
      )}
    </Alert>
  );
}
