import type { PgSelectStep } from "postgraphile/@dataplan/pg";
import type { ConnectionStep } from "postgraphile/grafast";
import { lambda, type Maybe, SafeError } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

export interface PageSizeOptions {
  /** The rows of a connection without `first` and `last`. */
  readonly defaultSize: number;
  /** The greatest value of `first` and `last`. */
  readonly maximum: number;
}

/** Adds a default page size to every connection, and an error for a larger page than the maximum. */
export function makePageSizePlugin({ defaultSize, maximum }: PageSizeOptions): GraphileConfig.Plugin {
  const check = (name: string, value: Maybe<number>) => {
    if (value != null && (value < 0 || value > maximum)) {
      throw new SafeError(`\`${name}\` must be from 0 to ${maximum}. Use \`after\` or \`before\` to get more rows.`, {
        code: "INVALID_INPUT",
        field: name,
      });
    }
    return value;
  };
  return {
    name: "PageSizePlugin",
    version: "1.0.0",
    schema: {
      hooks: {
        GraphQLObjectType_fields_field_args_arg(arg, _build, context) {
          const { argName, isPgFieldConnection } = context.scope;
          if (!isPgFieldConnection || (argName !== "first" && argName !== "last")) return arg;
          const note =
            argName === "first"
              ? ` At most ${maximum}; ${defaultSize} when neither \`first\` nor \`last\` is given.`
              : ` At most ${maximum}.`;
          // Applied below, because the default applies only if both are absent.
          return { ...arg, description: `${arg.description}${note}`, applyPlan: undefined };
        },
        GraphQLObjectType_fields_field(field, _build, context) {
          const { plan } = field;
          if (!context.scope.isPgFieldConnection || !plan) return field;
          return {
            ...field,
            plan($parent, args, info) {
              const $connection = plan($parent, args, info) as ConnectionStep<never, never, PgSelectStep>;
              const $first = args.getRaw("first");
              const $last = args.getRaw("last");
              $connection.setFirst(
                lambda(
                  [$first, $last],
                  ([first, last]) => check("first", first) ?? (last == null ? defaultSize : null),
                ),
              );
              $connection.setLast(lambda($last, (last) => check("last", last)));
              return $connection;
            },
          };
        },
      },
    },
  };
}
