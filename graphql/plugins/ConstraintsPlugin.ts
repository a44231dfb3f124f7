import { gatherConfig } from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

/** What a client may know of a constraint: the fields that it is about, and the rule in plain words. */
export interface ConstraintRule {
  readonly fields: readonly string[];
  /** The constraint's comment in SQL; undefined where it has none. */
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
 * Collects every constraint's rule into `rules`, by name, each time that the schema is read. The words that explain
 * a refusal then stand beside the constraint, as its comment, and not in a second place.
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
