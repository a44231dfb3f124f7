import type { UnknownObject } from "../json/equality.ts";

/** Which version of the stage files this is. A session keeps the one that its state was written for. */
export const DEFINITION_VERSION = 1;

/** Brings a state up to version `to`. */
export interface Migration {
  readonly to: number;
  /**
   * It gets whatever somebody has saved: fields may be missing, or something else than they should be. What it does not
   * know it leaves alone, and it never changes the object that it is given.
   */
  readonly change: (state: UnknownObject) => UnknownObject;
}

/** In the order of their versions. A version that older states fit into as they are needs none. */
export const MIGRATIONS: readonly Migration[] = [];

/** A version of the wizard's stages, and what brings older states up to it. */
export interface Definition {
  readonly version: number;
  readonly migrations: readonly Migration[];
}

export const DEFINITION: Definition = { version: DEFINITION_VERSION, migrations: MIGRATIONS };

/**
 * Makes a state that was saved under an older definition one for the present. A state from a newer one stays as it is: a
 * program that has been set back must not damage what it does not understand.
 */
export function bringUp(state: UnknownObject, fromVersion: number, migrations = MIGRATIONS): UnknownObject {
  return migrations
    .filter(({ to }) => to > fromVersion)
    .toSorted((one, other) => one.to - other.to)
    .reduce((older, { change }) => change(older), state);
}
