import type { Caller } from "./api.ts";

/** A wizard session as the API gives it. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly eventId: string | null;
  readonly stage: number;
  readonly status: string;
  readonly state: unknown;
  readonly startedAt: string;
  readonly lastSavedAt: string;
  readonly completedAt: string | null;
  readonly revision: number;
}

const SESSION = "{ id userId eventId stage status state startedAt lastSavedAt completedAt revision }";

/** Takes `session`. */
export const CREATE = `mutation ($session: WizardSessionInput!) {
  createWizardSession(input: { wizardSession: $session }) { wizardSession ${SESSION} }
}`;

/** Takes `id` and `patch`. */
export const UPDATE = `mutation ($id: UUID!, $patch: WizardSessionPatch!) {
  updateWizardSession(input: { id: $id, patch: $patch }) { wizardSession ${SESSION} }
}`;

/** Takes `id`. */
export const DELETE = `mutation ($id: UUID!) {
  deleteWizardSession(input: { id: $id }) { wizardSession ${SESSION} }
}`;

/** Takes `id`. */
export const READ = `query ($id: UUID!) { wizardSession(id: $id) ${SESSION} }`;

type Answer<Field extends string> = { readonly [Name in Field]: { readonly wizardSession: Session } };

/** Begins a session as that caller, with the defaults for what is not named. */
export async function createSession(caller: Caller, session: object = {}): Promise<Session> {
  const answer = await caller.ask<Answer<"createWizardSession">>(CREATE, { session });
  return answer.createWizardSession.wizardSession;
}

/** Saves that patch as that caller. */
export async function updateSession(caller: Caller, id: string, patch: object): Promise<Session> {
  const answer = await caller.ask<Answer<"updateWizardSession">>(UPDATE, { id, patch });
  return answer.updateWizardSession.wizardSession;
}

/** Deletes that session as that caller. */
export async function deleteSession(caller: Caller, id: string): Promise<Session> {
  const answer = await caller.ask<Answer<"deleteWizardSession">>(DELETE, { id });
  return answer.deleteWizardSession.wizardSession;
}

/** What that caller is shown under that id. */
export async function readSession(caller: Caller, id: string): Promise<Session | null> {
  const { wizardSession } = await caller.ask<{ readonly wizardSession: Session | null }>(READ, { id });
  return wizardSession;
}

/** Makes an event as that caller, and gives its id. */
export async function createEventOf(caller: Caller): Promise<string> {
  const document = `mutation { createEvent(input: { event: { title: "Summer party" } }) { event { id } } }`;
  const answer = await caller.ask<{ readonly createEvent: { readonly event: { readonly id: string } } }>(document);
  return answer.createEvent.event.id;
}
