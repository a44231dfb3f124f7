import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

/** A session or draft of one user, as the load generator knows it. */
export interface Session {
  readonly id: string;
  readonly token: string;
  readonly state: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The revision of the last answer. Servers without revisions have the number of saves. */
  revision: number;
}

/** A request of the load generator, and what a correct answer to it is. */
export interface Operation {
  path(session: Session): string;
  body(session: Session): unknown;
  /** The outcome of an answer: `expected`, or anything else for an answer that is not correct. */
  outcome(answer: unknown, session: Session): string;
  readonly expected: string;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of different servers
type Answer = any;

const TITLE_LENGTH = 77;

/** What changes in each save: JSON of about 100 bytes. */
function newBasics({ revision }: Session): { basics: { title: string } } {
  return { basics: { title: `Title ${revision + 1} `.padEnd(TITLE_LENGTH, "abcdefghij") } };
}

/** The whole state with that change. */
function newState(session: Session): Session["state"] {
  const { basics } = newBasics(session);
  return { ...session.state, basics: { ...session.state.basics, ...basics } };
}

const SAVED = "SAVED";

/** A save of the whole state. It is correct if the answer has the draft's id. */
function draftSave(save: Pick<Operation, "path" | "body">, draftIn: (answer: Answer) => Answer): Operation {
  return {
    ...save,
    expected: SAVED,
    outcome(answer, session) {
      if (draftIn(answer)?.id !== session.id) return "not the draft";
      session.revision++;
      return SAVED;
    },
  };
}

/** A save with Stagekeep's protocol. It is correct if it is the only one since the base revision. */
function sessionSave(save: Pick<Operation, "path" | "body">, saveIn: (answer: Answer) => Answer): Operation {
  return {
    ...save,
    expected: SAVED,
    outcome(answer, session) {
      const { outcome, revision } = saveIn(answer) ?? {};
      if (revision !== session.revision + 1) return `${outcome}, but not the next revision`;
      session.revision = revision;
      return String(outcome);
    },
  };
}

const graphqlPath = () => "/graphql";

function saveMutation(query: string, patchOf: (session: Session) => unknown): Operation {
  return sessionSave(
    {
      path: graphqlPath,
      body: (session) => ({
        query,
        operationName: "SaveWizardSession",
        variables: {
          input: { id: session.id, saveId: randomUUID(), baseRevision: session.revision, patch: patchOf(session) },
        },
      }),
    },
    (answer) => {
      const { outcome, wizardSession } = answer.data?.saveWizardSession ?? {};
      return { outcome, revision: wizardSession?.revision };
    },
  );
}

function read(
  query: string,
  variablesOf: (session: Session) => object,
  isCorrect: (data: Answer, session: Session) => boolean,
) {
  return {
    path: graphqlPath,
    body: (session: Session) => ({ query, variables: variablesOf(session) }),
    expected: "READ",
    outcome: (answer: Answer, session: Session) =>
      answer.data && isCorrect(answer.data, session) ? "READ" : "not the session",
  };
}

/** The operations of the client, as it sends them. */
function clientOperation(name: string): string {
  const textOf = (file: string) =>
    readFileSync(new URL(`../../graphql/operations/${file}.graphql`, import.meta.url), "utf8");
  const text = textOf(name);
  // Each fragment is in the file of its name.
  const fragments = new Set([...text.matchAll(/\.\.\.(\w+)/g)].map(([, fragment = ""]) => fragment));
  return [text, ...[...fragments].map(textOf)].join("\n");
}

const SAVE = `mutation SaveWizardSession($input: SaveWizardSessionInput!) {
  saveWizardSession(input: $input) { outcome wizardSession { revision lastSavedAt } conflicts { pointer } }
}`;
const UPDATE = `mutation UpdateWizardSession($id: UUID!, $patch: WizardSessionPatch!) {
  updateWizardSession(input: { id: $id, patch: $patch }) { wizardSession { revision lastSavedAt } }
}`;
const STOCK_UPDATE = `mutation UpdateDraft($id: UUID!, $state: JSON!) {
  updateDraftByRowId(input: { rowId: $id, draftPatch: { state: $state } }) { draft { id: rowId updatedAt } }
}`;
const YOGA_UPDATE = `mutation UpdateDraft($id: ID!, $state: JSON!) {
  updateDraft(id: $id, state: $state) { id updatedAt }
}`;
const DRAFTS_SHOWN = 10;

export const OPERATIONS = {
  draftByRest: draftSave(
    { path: ({ id }) => `/drafts/${id}`, body: (session) => ({ state: newState(session) }) },
    (answer) => answer,
  ),
  draftByStock: draftSave(
    {
      path: graphqlPath,
      body: (session) => ({ query: STOCK_UPDATE, variables: { id: session.id, state: newState(session) } }),
    },
    (answer) => answer.data?.updateDraftByRowId?.draft,
  ),
  draftByYoga: draftSave(
    {
      path: graphqlPath,
      body: (session) => ({ query: YOGA_UPDATE, variables: { id: session.id, state: newState(session) } }),
    },
    (answer) => answer.data?.updateDraft,
  ),
  patchByRest: sessionSave(
    {
      path: ({ id }) => `/sessions/${id}`,
      body: (session) => ({ saveId: randomUUID(), baseRevision: session.revision, patch: newBasics(session) }),
    },
    (answer) => answer,
  ),
  update: sessionSave(
    {
      path: graphqlPath,
      body: (session) => ({
        query: UPDATE,
        variables: { id: session.id, patch: { state: newState(session), revision: session.revision } },
      }),
    },
    (answer) => {
      const revision = answer.data?.updateWizardSession?.wizardSession?.revision;
      return { outcome: revision === undefined ? undefined : SAVED, revision };
    },
  ),
  save: saveMutation(SAVE, newBasics),
  saveWholeState: saveMutation(SAVE, newState),
  saveAsClient: saveMutation(clientOperation("SaveWizardSession"), newBasics),
  resume: read(
    clientOperation("ReadWizardSession"),
    ({ id }) => ({ id }),
    ({ wizardSession }, { id }) => wizardSession?.id === id,
  ),
  list: read(
    clientOperation("Drafts"),
    () => ({ drafts: DRAFTS_SHOWN, finished: DRAFTS_SHOWN }),
    ({ drafts }) => drafts?.nodes.length === DRAFTS_SHOWN,
  ),
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

export const WATCH = clientOperation("WizardSessionChanged");
