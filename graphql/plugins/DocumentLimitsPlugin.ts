import type {} from "postgraphile/grafserv";
import {
  type ASTVisitor,
  type DocumentNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from "postgraphile/graphql";

/** What a selection holds, fragments counted wherever they are used. */
export interface DocumentSize {
  /** Fields in all, each alias by itself. */
  readonly fields: number;
  /** Fields at its own level. */
  readonly width: number;
  readonly depth: number;
}

/**
 * Refuses a document before it is planned when planning it would take long: a few hundred aliases of one list keep a
 * server busy for seconds. Also refuses kinds of operation that the schema does not have. `limits.width` is for the
 * root of an operation.
 */
export function makeDocumentLimitsPlugin(limits: DocumentSize): GraphileConfig.Plugin {
  return {
    name: "DocumentLimitsPlugin",
    version: "1.0.0",
    grafserv: {
      middleware: {
        setPreset(next, event) {
          event.validationRules.push((context) => makeRule(context, limits));
          return next();
        },
      },
    },
  };
}

function makeRule(context: ValidationContext, limits: DocumentSize): ASTVisitor {
  const measure = makeMeasure(context.getDocument());
  return {
    OperationDefinition(operation) {
      const refuse = (message: string) => context.reportError(new GraphQLError(message, { nodes: operation }));
      if (!context.getSchema().getRootType(operation.operation)) {
        refuse(`This API has no operations of the kind ${operation.operation}.`);
      }
      const { fields, width, depth } = measure(operation.selectionSet);
      if (fields > limits.fields) refuse(`The operation has ${fields} fields; at most ${limits.fields} are answered.`);
      if (width > limits.width) refuse(`The operation asks ${width} things; at most ${limits.width} are answered.`);
      if (depth > limits.depth) refuse(`The operation is ${depth} levels deep; at most ${limits.depth} are answered.`);
    },
  };
}

const NOTHING: DocumentSize = { fields: 0, width: 0, depth: 0 };

function makeMeasure(document: DocumentNode): (selections: SelectionSetNode) => DocumentSize {
  const fragments = new Map<string, DocumentSize>();

  const measureFragment = (name: string): DocumentSize => {
    const known = fragments.get(name);
    if (known) return known;
    // A fragment that contains itself is refused by a rule of its own; here it only has to end.
    fragments.set(name, NOTHING);
    const fragment = document.definitions.find(
      (node) => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name,
    );
    const size = fragment && "selectionSet" in fragment ? measure(fragment.selectionSet) : NOTHING;
    fragments.set(name, size);
    return size;
  };
  const measure = ({ selections }: SelectionSetNode): DocumentSize =>
    selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) {
        const below = selection.selectionSet ? measure(selection.selectionSet) : NOTHING;
        return plus(sum, { fields: 1 + below.fields, width: 1, depth: 1 + below.depth });
      }
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
      return plus(sum, isSpread ? measureFragment(selection.name.value) : measure(selection.selectionSet));
    }, NOTHING);
  return measure;
}

function plus(a: DocumentSize, b: DocumentSize): DocumentSize {
  return { fields: a.fields + b.fields, width: a.width + b.width, depth: Math.max(a.depth, b.depth) };
}
