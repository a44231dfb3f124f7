import type { PgResource } from "postgraphile/@dataplan/pg";
import { constant, type Step } from "postgraphile/grafast";

/** Calls a SQL function with its arguments in the order of its SQL parameters. */
export function call(resource: PgResource, values: readonly Step[]): Step {
  const args = resource.parameters?.map(({ name, codec }, place) => ({
    step: values[place] ?? constant(null),
    pgCodec: codec,
    // After an optional argument that the request left out, the others are passed by name.
    name: name ?? undefined,
  }));
  return resource.execute(args);
}
