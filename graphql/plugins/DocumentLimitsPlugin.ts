import type {} from "postgraphile/grafserv";
import {
  type ASTVisitor,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from "postgraphile/graphql";

/** The size of a selection and of its possible answer. Fragments count wherever they are used. */
export interface DocumentSize {
  /** All fields. Each alias counts. */
  readonly fields: number;
  /** Fields at the top level of the selection. */
  readonly width: number;
  readonly depth: number;
  /** Rows that its lists can contain. A nested list counts once for each row of the outer list. */
  readonly rows: number;
  /** Scalar values in all those rows, which aliases multiply. */
  readonly values: number;
  /** Large values in all those rows: JSON, what is computed from it, and `largeFields`. */
  readonly jsonValues: number;
}

export interface DocumentLimitsOptions {
  /** `width` applies to the root of an operation. */
  readonly limits: DocumentSize;
  readonly subscriptionLimits: DocumentSize;
  /** Fields such as `Query.exportMyData`: how many JSON values one value of the field counts as. */
  readonly largeFields: Readonly<Record<string, number>>;
  /** The rows of a list without `first` or `last`. */
  readonly defaultPageSize: number;
  /** The rows of a list whose size is only known at execution. */
  readonly maximumPageSize: number;
}

/**
 * Adds limits on a document, checked before it is planned. Planning a few hundred aliases of one list keeps a server busy
 * for seconds, and nested lists can return gigabytes. Also refuses operations that the schema has no root type for.
 */
export function makeDocumentLimitsPlugin(options: DocumentLimitsOptions): GraphileConfig.Plugin {
  return {
    name: "DocumentLimitsPlugin",
    version: "1.0.0",
    grafserv: {
      middleware: {
        setPreset(next, event) {
          event.validationRules.push((context) => makeRule(context, options));
          return next();
        },
      },
    },
  };
}

const WORDS: Readonly<Record<keyof DocumentSize, { readonly counted: string; readonly advice: string }>> = {
  fields: { counted: "fields", advice: "Split it into several operations." },
  width: { counted: "fields at its root", advice: "Split it into several operations." },
  depth: { counted: "levels of fields", advice: "Split it into several operations." },
  rows: { counted: "rows", advice: "Request smaller pages with `first`." },
  values: { counted: "values", advice: "Request smaller pages with `first`, or fewer fields." },
  jsonValues: {
    counted: "states or other large values",
    advice: "Request smaller pages with `first`, or each value only once.",
  },
};

function makeRule(context: ValidationContext, options: DocumentLimitsOptions): ASTVisitor {
  // No operation within the limits needs more, and measuring them takes time too.
  if (context.getDocument().definitions.length > options.limits.fields) {
    context.reportError(
      new GraphQLError(`A document can contain at most ${options.limits.fields} operations and fragments. Send fewer.`),
    );
    return {};
  }
  const measure = makeMeasure(context, options);
  return {
    OperationDefinition(operation) {
      const refuse = (message: string) => context.reportError(new GraphQLError(message, { nodes: operation }));
      const rootType = context.getSchema().getRootType(operation.operation);
      if (!rootType) refuse(`This API has no ${operation.operation} operations.`);
      const size = measure(operation.selectionSet, rootType ?? undefined);
      const limits = operation.operation === "subscription" ? options.subscriptionLimits : options.limits;
      for (const [what, limit] of Object.entries(limits) as [keyof DocumentSize, number][]) {
        if (size[what] > limit)
          refuse(
            `The operation asks for ${size[what]} ${WORDS[what].counted}; the limit is ${limit}. ${WORDS[what].advice}`,
          );
      }
    },
  };
}

const LARGE_TYPES = ["JSON", "WizardProblem", "WizardStageProgress"];
const NOTHING: DocumentSize = { fields: 0, width: 0, depth: 0, rows: 0, values: 0, jsonValues: 0 };

function makeMeasure(
  context: ValidationContext,
  { defaultPageSize, maximumPageSize, largeFields }: DocumentLimitsOptions,
) {
  const schema = context.getSchema();
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of context.getDocument().definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  }
  const known = new Map<string, DocumentSize>();

  const measureFragment = (name: string): DocumentSize => {
    const done = known.get(name);
    if (done) return done;
    // Another rule refuses a fragment that contains itself. Here it must only not recurse forever.
    known.set(name, NOTHING);
    const fragment = fragments.get(name);
    const size = fragment ? measure(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value)) : NOTHING;
    known.set(name, size);
    return size;
  };

  const measureField = (node: FieldNode, parent: GraphQLNamedType | undefined): DocumentSize => {
    const field = isObjectType(parent) ? parent.getFields()[node.name.value] : undefined;
    const type = field && getNamedType(field.type);
    const below = node.selectionSet ? measure(node.selectionSet, type) : NOTHING;
    const page = field && pageSize(node, field);
    return {
      fields: 1 + below.fields,
      width: 1,
      depth: 1 + below.depth,
      rows: page === undefined ? below.rows : page * (1 + below.rows),
      values: node.selectionSet ? (page ?? (field && isUnpagedList(field) ? maximumPageSize : 1)) * below.values : 1,
      jsonValues: (page ?? 1) * below.jsonValues + largeValues(`${parent?.name}.${node.name.value}`, type),
    };
  };

  const largeValues = (field: string, type: GraphQLNamedType | undefined): number =>
    largeFields[field] ?? (type && LARGE_TYPES.includes(type.name) ? 1 : 0);

  const pageSize = (node: FieldNode, field: GraphQLField<unknown, unknown>): number | undefined => {
    if (!field.args.some(({ name }) => name === "first")) return undefined;
    const size = node.arguments?.find(({ name }) => name.value === "first" || name.value === "last")?.value;
    if (!size) return defaultPageSize;
    // PageSizePlugin refuses a larger number.
    return size.kind === Kind.INT ? Math.min(Number(size.value), maximumPageSize) : maximumPageSize;
  };

  const measure = ({ selections }: SelectionSetNode, parent: GraphQLNamedType | undefined): DocumentSize =>
    selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return plus(sum, measureField(selection, parent));
      if (selection.kind === Kind.FRAGMENT_SPREAD) return plus(sum, measureFragment(selection.name.value));
      const type = selection.typeCondition ? schema.getType(selection.typeCondition.name.value) : parent;
      return plus(sum, measure(selection.selectionSet, type));
    }, NOTHING);
  return measure;
}

/** Whether a field is a list of unknown length. Lists of large values and introspection are counted elsewhere. */
function isUnpagedList({ name, type }: GraphQLField<unknown, unknown>): boolean {
  const named = getNamedType(type).name;
  return (
    isListType(getNullableType(type)) &&
    // The connection has a page size.
    !["nodes", "edges"].includes(name) &&
    !LARGE_TYPES.includes(named) &&
    !named.startsWith("__")
  );
}

function plus(a: DocumentSize, b: DocumentSize): DocumentSize {
  return {
    fields: a.fields + b.fields,
    width: a.width + b.width,
    depth: Math.max(a.depth, b.depth),
    rows: a.rows + b.rows,
    values: a.values + b.values,
    jsonValues: a.jsonValues + b.jsonValues,
  };
}
