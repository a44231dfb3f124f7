import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

/** Adds names that differ from those of the inflection plugins. */
export const NamingPlugin: GraphileConfig.Plugin = {
  name: "NamingPlugin",
  version: "1.0.0",
  inflection: {
    replace: {
      // Keeps the name of a column `id`. PostGraphile would rename it to `rowId` to avoid global ids, which are off here.
      _attributeName(previous, _options, details) {
        return previous?.({ ...details, skipRowId: true }) ?? details.attributeName;
      },
      // `in_progress` in SQL is IN_PROGRESS in GraphQL.
      enumValue(previous, _options, value, codec) {
        return this.constantCase(previous?.(value, codec) ?? value);
      },
    },
  },
};
