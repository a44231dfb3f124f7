import type {} from "postgraphile/grafserv";
import {
  type ASTVisitor,
  type FloatValueNode,
  GraphQLError,
  getNamedType,
  type IntValueNode,
  type ValidationContext,
} from "postgraphile/graphql";
import { inexact, isExact } from "../exactJson.ts";

/** Refuses a number in a JSON value within a document when reading it would make another number of it. */
export const ExactNumbersPlugin: GraphileConfig.Plugin = {
  name: "ExactNumbersPlugin",
  version: "1.0.0",
  grafserv: {
    middleware: {
      setPreset(next, event) {
        event.validationRules.push(makeRule);
        return next();
      },
    },
  },
};

function makeRule(context: ValidationContext): ASTVisitor {
  const check = (node: IntValueNode | FloatValueNode) => {
    // GraphQL's own types refuse what they can't hold. Within JSON there are no types.
    const type = getNamedType(context.getInputType());
    if ((type === undefined || type.name === "JSON") && !isExact(node.value)) {
      context.reportError(new GraphQLError(inexact(node.value), { nodes: node }));
    }
  };
  return { IntValue: check, FloatValue: check };
}
