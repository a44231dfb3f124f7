import type { Caller } from "./api.ts";

/** A wizard session as the API returns it. */
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

/** Variables: `session`. */
export const CREATE = `mutation ($session: WizardSessionInput!) {
  createWizardSession(input: { wizardSession: $session }) { wizardSession ${SESSION} }
}`;

/** Variables: `id` and `patch`. */
export const UPDATE = `mutation ($id: UUID!, $patch: WizardSessionPatch!) {
  updateWizardSession(input: { id: $id, patch: $patch }) { wizardSession ${SESSION} }
}`;

/** Variables: `id`. */
export const DELETE = `mutation ($id: UUID!) {
  deleteWizardSession(input: { id: $id }) { wizardSession ${SESSION} }
}`;

/** Variables: `id`. */
export const READ = `query ($id: UUID!) { wizardSession(id: $id) ${SESSION} }`;

type Answer<Field extends string> = { readonly [Name in Field]: { readonly wizardSession: Session } };

/** Creates a session. Fields that are not given have their defaults. */
export async function createSession(caller: Caller, session: object = {}): Promise<Session> {
  const answer = await caller.ask<Answer<"createWizardSession">>(CREATE, { session });
  return answer.createWizardSession.wizardSession;
}

/** Updates a session. */
export async function updateSession(caller: Caller, id: string, patch: object): Promise<Session> {
  const answer = await caller.ask<Answer<"updateWizardSession">>(UPDATE, { id, patch });
  return answer.updateWizardSession.wizardSession;
}

/** Deletes a session. */
export async function deleteSession(caller: Caller, id: string): Promise<Session> {
  const answer = await caller.ask<Answer<"deleteWizardSession">>(DELETE, { id });
  return answer.deleteWizardSession.wizardSession;
}

/** Reads a session; null if the caller can't see it. */
export async function readSession(caller: Caller, id: string): Promise<Session | null> {
  const { wizardSession } = await caller.ask<{ readonly wizardSession: Session | null }>(READ, { id });
  return wizardSession;
}

/** Creates an event, and returns its id. */
export async function createEventAs(caller: Caller): Promise<string> {
  const document = `mutation { createEvent(input: { event: { title: "Summer party" } }) { event { id } } }`;
  const answer = await caller.ask<{ readonly createEvent: { readonly event: { readonly id: string } } }>(document);
  return answer.createEvent.event.id;
}
