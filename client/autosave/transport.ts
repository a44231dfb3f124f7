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

/** A session in an answer of the server: its state together with its revision. */
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
  /** The values of the base revision that the patch replaces. */
  readonly baseValues?: JsonObject | undefined;
  readonly stage?: number | undefined;
}

export interface SaveAnswer {
  readonly outcome: "SAVED" | "MERGED" | "DUPLICATE" | "CONFLICT";
  readonly session: Snapshot;
  readonly conflicts: readonly FieldConflict[];
}

export interface RequestOptions {
  /** Aborted when the answer is no longer needed. */
  readonly signal: AbortSignal;
  /** Whether the request has to outlive its page: the `keepalive` option of `fetch`. */
  readonly keepalive?: boolean;
}

export type CompleteResult =
  | { readonly ok: true; readonly eventId: string; readonly slug: string | null }
  | { readonly ok: false; readonly problems: readonly WizardProblem[] };

/** A save made elsewhere. Unknown properties are left out. */
export interface Change {
  readonly revision?: number | undefined;
  readonly saveId?: string | null | undefined;
}

export interface RestoreRequest {
  readonly saveId: string;
  /** The revision to restore. */
  readonly revision: number;
  /** The newest revision that the client knows. The server refuses if there is a newer one. */
  readonly baseRevision: number;
}

/** The requests for one session. Each rejects with a `SaveError` if it is refused or gets no answer. */
export interface Transport {
  /** Starts the session, or returns it if it has been started before. */
  start(options: RequestOptions): Promise<Snapshot>;
  read(options: RequestOptions): Promise<Snapshot>;
  save(request: SaveRequest, options: RequestOptions): Promise<SaveAnswer>;
  restore(request: RestoreRequest, options: RequestOptions): Promise<Snapshot>;
  complete?(baseRevision: number, options: RequestOptions): Promise<CompleteResult>;
  /** Calls `onChange` after each save, until the returned function is called. */
  watch?(onChange: (change: Change) => void): () => void;
}

interface SaveErrorOptions {
  readonly retryAfterMs?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** Why a request failed. `code` is one of docs/error-codes.md, or `NETWORK` if there was no answer. */
export class SaveError extends Error {
  override readonly name = "SaveError";
  readonly code: string;
  /** How long the server asks the client to wait. */
  readonly retryAfterMs: number | undefined;
  /** The other members of the error's `extensions`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, more: SaveErrorOptions = {}) {
    super(message, { cause: more.cause });
    this.code = code;
    this.retryAfterMs = more.retryAfterMs;
    this.details = more.details ?? {};
  }
}

/** Whether the same request may succeed later. */
export function isTransient({ code }: SaveError): boolean {
  return ["NETWORK", "TIMEOUT", "OVERLOADED", "INTERNAL_SERVER_ERROR"].includes(code);
}

/** Whether the server refused the content of the request. Sending it again does not help. */
export function isRefusal(error: SaveError): boolean {
  return !isTransient(error) && !["UNAUTHENTICATED", "SESSION_COMPLETED", "NOT_FOUND"].includes(error.code);
}

export function asSaveError(error: unknown): SaveError {
  if (error instanceof SaveError) return error;
  return new SaveError("NETWORK", error instanceof Error ? error.message : String(error));
}
