import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

/** Names that differ from what the inflection plugins choose. */
export const NamingPlugin: GraphileConfig.Plugin = {
  name: "NamingPlugin",
  version: "1.0.0",
  inflection: {
    replace: {
      // A column `id` keeps its name: without global ids there is nothing that it could be mistaken for.
      _attributeName(previous, _options, details) {
        return previous?.({ ...details, skipRowId: true }) ?? details.attributeName;
      },
      // `in_progress` in SQL, IN_PROGRESS in GraphQL, where enum values are written in capitals.
      enumValue(previous, _options, value, codec) {
        return this.constantCase(previous?.(value, codec) ?? value);
      },
    },
  },
};
