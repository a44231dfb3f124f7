import type { PgSelectStep } from "postgraphile/@dataplan/pg";
import type { ConnectionStep } from "postgraphile/grafast";
import { lambda, type Maybe, SafeError } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

export interface PageSizeOptions {
  /** How many rows a connection gives when neither `first` nor `last` is named. */
  readonly defaultSize: number;
  /** The most that `first` or `last` may name. */
  readonly maximum: number;
}

/** Every connection has a page size: one by default, and a limit that a client is told of rather than cut off at. */
export function makePageSizePlugin({ defaultSize, maximum }: PageSizeOptions): GraphileConfig.Plugin {
  const check = (name: string, value: Maybe<number>) => {
    if (value != null && (value < 0 || value > maximum)) {
      throw new SafeError(`\`${name}\` has to be from 0 to ${maximum}; read on with \`after\` or \`before\`.`, {
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
          // Both are applied together below: whether the default counts depends on the two of them.
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
