import { gatherConfig } from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

/** What a client can see of a constraint: its fields and its rule. */
export interface ConstraintRule {
  readonly fields: readonly string[];
  /** The constraint's comment in SQL, if it has one. */
  readonly rule: string | undefined;
}

declare global {
  namespace GraphileConfig {
    interface GatherHelpers {
      constraints: Record<string, never>;
    }
  }
}

/**
 * Adds every constraint's fields and comment to `rules`, by name, whenever the schema is built. The comment is the message
 * of the error when a write violates the constraint.
 */
export function makeConstraintsPlugin(rules: Map<string, ConstraintRule>): GraphileConfig.Plugin {
  return {
    name: "ConstraintsPlugin",
    version: "1.0.0",
    gather: gatherConfig({
      namespace: "constraints",
      helpers: {},
      hooks: {
        pgIntrospection_constraint(info, { entity }) {
          rules.set(entity.conname, {
            fields: entity.getAttributes()?.map(({ attname }) => info.inflection.camelCase(attname)) ?? [],
            rule: entity.getDescription(),
          });
        },
      },
    }),
  };
}
