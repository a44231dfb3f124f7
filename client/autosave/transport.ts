import type { JsonObject } from "../../json/equality.ts";
import type { MergePatch } from "../../json/mergePatch.ts";
import type { FieldConflict } from "./pending.ts";

export interface WizardProblem {
  /** The number of the stage. */
  readonly stage: number;
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

export interface StageProgress {
  readonly number: number;
  readonly key: string;
  readonly title: string;
  readonly started: boolean;
  readonly complete: boolean;
}

/** A session as the server answered it: the state always with its revision. */
export interface Snapshot {
  readonly revision: number;
  readonly stage: number;
  readonly state: JsonObject;
  readonly completed: boolean;
  readonly eventId: string | null;
  readonly lastSavedAt: string;
  readonly problems: readonly WizardProblem[];
  readonly progress: readonly StageProgress[];
}

export interface SaveRequest {
  readonly saveId: string;
  readonly baseRevision: number;
  readonly patch: MergePatch;
  readonly stage?: number | undefined;
}

export interface SaveAnswer {
  readonly outcome: "SAVED" | "MERGED" | "DUPLICATE" | "CONFLICT";
  readonly session: Snapshot;
  readonly conflicts: readonly FieldConflict[];
}

export interface RequestOptions {
  /** Aborted when the answer is not waited for any more. */
  readonly signal: AbortSignal;
  /** Whether the request has to outlive its page: fetch's option of that name. */
  readonly keepalive?: boolean;
}

export type CompleteResult =
  | { readonly ok: true; readonly eventId: string; readonly slug: string | null }
  | { readonly ok: false; readonly problems: readonly WizardProblem[] };

/** Something was written elsewhere; what is not known is left out. */
export interface Change {
  readonly revision?: number | undefined;
  readonly saveId?: string | null | undefined;
}

/** The ways to one session. Each rejects with a SaveError when it is refused, or gets no answer. */
export interface Transport {
  /** Begins the session, or gives it back as it is by now. */
  start(options: RequestOptions): Promise<Snapshot>;
  read(options: RequestOptions): Promise<Snapshot>;
  save(request: SaveRequest, options: RequestOptions): Promise<SaveAnswer>;
  restore(revision: number, options: RequestOptions): Promise<Snapshot>;
  complete?(baseRevision: number, options: RequestOptions): Promise<CompleteResult>;
  /** Tells of each save until the function that is given back is called. */
  watch?(onChange: (change: Change) => void): () => void;
}

interface SaveErrorOptions {
  readonly retryAfterMs?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** Why something was not saved. `code` is one of docs/error-codes.md, or NETWORK where there was no answer. */
export class SaveError extends Error {
  override readonly name = "SaveError";
  readonly code: string;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;
  /** What stands beside the code. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, more: SaveErrorOptions = {}) {
    super(message, { cause: more.cause });
    this.code = code;
    this.retryAfterMs = more.retryAfterMs;
    this.details = more.details ?? {};
  }
}

/** After which the same request may well be answered. */
export function isPassing({ code }: SaveError): boolean {
  return ["NETWORK", "TIMEOUT", "OVERLOADED", "INTERNAL_SERVER_ERROR"].includes(code);
}

/** Refused for what it holds: sending it again does not help. */
export function isRefusal(error: SaveError): boolean {
  return !isPassing(error) && !["UNAUTHENTICATED", "SESSION_COMPLETED", "NOT_FOUND"].includes(error.code);
}

export function asSaveError(error: unknown): SaveError {
  if (error instanceof SaveError) return error;
  return new SaveError("NETWORK", error instanceof Error ? error.message : String(error));
}
