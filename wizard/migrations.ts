import type { UnknownObject } from "../json/equality.ts";

/** The version of the stage files. Each session stores the version that its state was written for. */
export const DEFINITION_VERSION = 1;

/** Changes a state of an older version into one of version `to`. */
export interface Migration {
  readonly to: number;
  /**
   * The state is what users have saved: fields may be missing or hold any value. The function keeps fields that it does
   * not know, and returns a new object instead of changing the given one.
   */
  readonly change: (state: UnknownObject) => UnknownObject;
}

/** Ordered by version. A version that is compatible with older states needs no migration. */
export const MIGRATIONS: readonly Migration[] = [];

/** A version of the wizard's stages, with the migrations that lead to it. */
export interface Definition {
  readonly version: number;
  readonly migrations: readonly Migration[];
}

export const DEFINITION: Definition = { version: DEFINITION_VERSION, migrations: MIGRATIONS };

/**
 * Upgrades a state to the current definition. A state of a newer version is returned unchanged: after a rollback, the
 * older program must not damage it.
 */
export function upgradeState(state: UnknownObject, fromVersion: number, migrations = MIGRATIONS): UnknownObject {
  return migrations
    .filter(({ to }) => to > fromVersion)
    .toSorted((one, other) => one.to - other.to)
    .reduce((older, { change }) => change(older), state);
}
