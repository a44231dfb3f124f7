import type {} from "postgraphile/grafserv";
import type {} from "postgraphile/graphile-build";
import {
  type ArgumentNode,
  type ASTNode,
  type ASTVisitor,
  GraphQLError,
  getNamedType,
  type ObjectFieldNode,
  type ValidationContext,
} from "postgraphile/graphql";
import { instantOf } from "../../wizard/instants.ts";

const EXPECTED = "Send a time with its offset from UTC, in the years 1 to 9999, such as 2027-06-19T18:00:00+02:00.";

/** Refuses times that PostgreSQL would read in its own way, such as `tomorrow`, `06/07/2027` and `infinity`. */
export const DatetimePlugin: GraphileConfig.Plugin = {
  name: "DatetimePlugin",
  version: "1.0.0",
  schema: {
    hooks: {
      GraphQLScalarType(config, build) {
        if (config.name !== build.inflection.builtin("Datetime")) return config;
        return {
          ...config,
          description:
            "A point in time, as in [RFC 3339](https://datatracker.ietf.org/doc/html/rfc3339): with its offset from UTC, in the years 1 to 9999.",
          parseValue(value) {
            if (!isDatetime(value)) throw new GraphQLError(EXPECTED);
            return value;
          },
        };
      },
    },
  },
  grafserv: {
    middleware: {
      setPreset(next, event) {
        event.validationRules.push(checkLiterals);
        return next();
      },
    },
  },
};

/** Whether PostgreSQL reads the value as RFC 3339 defines it. Digits after the microseconds are rounded. */
function isDatetime(value: unknown): value is string {
  return typeof value === "string" && instantOf(value.replace(/(\.\d{6})\d+/, "$1")) !== undefined;
}

/** Checks literals in the document, because an error of `parseLiteral` can't name the field. */
function checkLiterals(context: ValidationContext): ASTVisitor {
  return {
    StringValue(node, _key, parent, _path, ancestors) {
      if (getNamedType(context.getInputType())?.name !== "Datetime" || isDatetime(node.value)) return;
      const field = [...ancestors, parent].findLast(isNamed);
      const name = field ? `\`${field.name.value}\`` : "A time";
      const message = `${name} can't be ${JSON.stringify(node.value)}. ${EXPECTED}`;
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  };
}

function isNamed(node: ASTNode | readonly ASTNode[] | undefined): node is ObjectFieldNode | ArgumentNode {
  return node !== undefined && "kind" in node && (node.kind === "ObjectField" || node.kind === "Argument");
}
