import type { FunnelQuery, PublishedEventQuery, RevisionsQuery } from "../../client/index.ts";

export type { SessionCardFragment as DraftRow } from "../../client/index.ts";
export {
  DeleteDraftDocument,
  DraftsDocument,
  FunnelDocument,
  PublishedEventDocument,
  RevisionsDocument,
  StatesAroundDocument,
} from "../../client/index.ts";
export type RevisionRow = NonNullable<RevisionsQuery["wizardSession"]>["revisions"]["nodes"][number];
export type FunnelStage = FunnelQuery["wizardFunnel"][number];
export type PublishedEvent = NonNullable<PublishedEventQuery["publishedEvent"]>;
export type PublishedTicket = PublishedEvent["tickets"][number];
