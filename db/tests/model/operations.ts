import type { Json, JsonMap } from "./json.ts";

/** What one client does. All values are fixed, so a list of operations can be repeated, and shortened. */
export type ClientOperation = { readonly client: number; readonly user: string; readonly overHttp?: boolean } & (
  | { readonly does: "start"; readonly id: string; readonly event: string | null }
  | { readonly does: "insert"; readonly id: string; readonly stage: number; readonly state: JsonMap }
  | Save
  | {
      /** A plain update, as `updateWizardSession` does. */
      readonly does: "update";
      readonly id: string;
      readonly revision?: number;
      readonly stage?: number;
      readonly state?: JsonMap;
      readonly status?: "in_progress" | "completed" | "abandoned";
      readonly event?: string | null;
    }
  | {
      readonly does: "restore";
      readonly id: string;
      readonly revision: number;
      readonly base: number | null;
      readonly saveId: string | null;
    }
  | {
      readonly does: "complete";
      readonly id: string;
      readonly base: number;
      readonly answers: JsonMap;
      readonly asNewEvent: boolean;
      /** Sends the present revision of the event, so that the session's answers win. */
      readonly overwrite: boolean;
    }
  | { readonly does: "delete"; readonly id: string }
  | { readonly does: "unpublish" | "cancel" | "deleteEvent"; readonly event: string }
  | { readonly does: "retitle"; readonly event: string; readonly title: string }
);

export interface Save {
  readonly does: "save";
  readonly id: string;
  readonly saveId: string;
  readonly base: number;
  readonly patch: Json;
  readonly stage: number | null;
  /** The values at the base of what the patch writes. */
  readonly baseValues: Json | null;
  /** The client does not get the answer. With `rolledBack`, the server failed before the commit. */
  readonly lost?: "committed" | "rolledBack";
}

/** What the worker does, and what happens to it. */
export type Operation =
  | ClientOperation
  | { readonly does: "sweep"; readonly what: "abandon" | "purge" | "thin" | "forget" }
  | { readonly does: "age"; readonly weeks: number }
  /** Two at once, on two connections. `held`: both start while the session is locked, so that they wait together. */
  | { readonly does: "together"; readonly held: string | null; readonly both: readonly [Operation, Operation] };

/** What the database answers, in the codes of the API. */
export type Answer =
  | { readonly error: string }
  | {
      readonly outcome: string;
      readonly revision: number;
      readonly conflicts?: readonly (readonly (string | null)[])[];
    }
  | { readonly outcome: string; readonly rows?: number };
