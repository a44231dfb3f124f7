import type { OperationName } from "./operations.ts";

export interface Contestant {
  /** For `--only`. */
  readonly key: string;
  readonly name: string;
  /** A program in `bench/peers/`; undefined for Stagekeep's own server. */
  readonly peer?: "bare.ts" | "bareSave.ts" | "stock.ts" | "yoga.ts";
  readonly settings?: Readonly<Record<string, string>>;
  /** The tables: the bare one that the peers update, or Stagekeep's. */
  readonly database: "drafts" | "sessions";
  /** The role that the server connects as. */
  readonly role: "authenticator" | "stagekeep_owner";
  readonly operation: OperationName;
  /** Whether every session has a subscriber. */
  readonly watched?: boolean;
  readonly sessionsPerUser: number;
}

const peer = { database: "drafts", role: "authenticator", sessionsPerUser: 1 } as const;
const ours = { database: "sessions", role: "authenticator", sessionsPerUser: 1 } as const;

/** The base of the ratios, and the contestant that watched saves are compared with. */
export const BASE = "b";
export const UNWATCHED = "save";

export const CONTESTANTS: readonly Contestant[] = [
  { key: BASE, name: "B: node:http + pg", ...peer, peer: "bare.ts", operation: "draftByRest" },
  { key: "stock", name: "stock PostGraphile on express", ...peer, peer: "stock.ts", operation: "draftByStock" },
  {
    ...{ key: "yoga-rls", name: "GraphQL Yoga + Drizzle, RLS", ...peer, peer: "yoga.ts", operation: "draftByYoga" },
    settings: { RLS: "1" },
  },
  {
    ...{ key: "yoga", name: "GraphQL Yoga + Drizzle, no RLS", ...peer, peer: "yoga.ts", operation: "draftByYoga" },
    role: "stagekeep_owner",
  },
  { key: "sql", name: "bare Node, `save_wizard_session`", ...ours, peer: "bareSave.ts", operation: "patchByRest" },
  { key: "update", name: "**Stagekeep**, updateWizardSession", ...ours, operation: "update" },
  { key: UNWATCHED, name: "**Stagekeep**, saveWizardSession", ...ours, operation: "save" },
  { key: "save-2k", name: "**Stagekeep**, whole state as patch", ...ours, operation: "saveWholeState" },
  { key: "save-client", name: "**Stagekeep**, answer with the state", ...ours, operation: "saveAsClient" },
  { key: "watched", name: "**Stagekeep**, every session watched", ...ours, operation: "save", watched: true },
  { key: "resume", name: "**Stagekeep**, read a session", ...ours, operation: "resume" },
  { key: "list", name: "**Stagekeep**, list 10 drafts", ...ours, operation: "list", sessionsPerUser: 10 },
];

export const QUICK: readonly string[] = [BASE, "stock", "update", "save"];
/** Key of the measurement of start-up, which has no load. */
export const STARTUP = "start";

export const isRead = ({ operation }: Contestant) => operation === "resume" || operation === "list";
