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

/** Adds a check of numbers in JSON literals: refuses those that JavaScript would round. */
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
    // GraphQL's own types refuse numbers that they can't represent. JSON has no types.
    const type = getNamedType(context.getInputType());
    if ((type === undefined || type.name === "JSON") && !isExact(node.value)) {
      context.reportError(new GraphQLError(inexact(node.value), { nodes: node }));
    }
  };
  return { IntValue: check, FloatValue: check };
}
