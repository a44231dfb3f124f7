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

/** What a selection holds and may answer, fragments counted wherever they are used. */
export interface DocumentSize {
  /** Fields in all, each alias by itself. */
  readonly fields: number;
  /** Fields at its own level. */
  readonly width: number;
  readonly depth: number;
  /** Rows that its lists may hold, a list within a list once for each row around it. */
  readonly rows: number;
  /** Texts, numbers and the like in all those rows: what an alias multiplies. */
  readonly values: number;
  /** What may be large, in all those rows: values of the type JSON, what is worked out from one, and `largeFields`. */
  readonly jsonValues: number;
}

export interface DocumentLimitsOptions {
  /** `width` is for the root of an operation. */
  readonly limits: DocumentSize;
  readonly subscriptionLimits: DocumentSize;
  /** Fields, as `Query.everything`, of any type, each value of which counts as that many values of the type JSON. */
  readonly largeFields: Readonly<Record<string, number>>;
  /** What a list holds that names no size. */
  readonly defaultPageSize: number;
  /** What a list holds whose size is not known before it is run. */
  readonly maximumPageSize: number;
}

/**
 * Refuses a document before it is planned when planning or answering it would take long: a few hundred aliases of one
 * list keep a server busy for seconds, and lists within lists answer with more than anybody can read. Also refuses
 * kinds of operation that the schema does not have.
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

const WORDS: Readonly<Record<keyof DocumentSize, string>> = {
  fields: "fields in all",
  width: "fields at its root",
  depth: "levels of fields",
  rows: "rows; name smaller pages with `first`",
  values: "values; name smaller pages with `first`, or fewer fields",
  jsonValues: "states or other large values; name smaller pages with `first`, or ask for them once",
};

function makeRule(context: ValidationContext, options: DocumentLimitsOptions): ASTVisitor {
  // More than an operation of that size could use; reading them all is work in itself.
  if (context.getDocument().definitions.length > options.limits.fields) {
    context.reportError(
      new GraphQLError(`At most ${options.limits.fields} operations and fragments can be sent at once.`),
    );
    return {};
  }
  const measure = makeMeasure(context, options);
  return {
    OperationDefinition(operation) {
      const refuse = (message: string) => context.reportError(new GraphQLError(message, { nodes: operation }));
      const rootType = context.getSchema().getRootType(operation.operation);
      if (!rootType) refuse(`This API has no operations of the kind ${operation.operation}.`);
      const size = measure(operation.selectionSet, rootType ?? undefined);
      const limits = operation.operation === "subscription" ? options.subscriptionLimits : options.limits;
      for (const [what, limit] of Object.entries(limits) as [keyof DocumentSize, number][]) {
        if (size[what] > limit)
          refuse(`At most ${limit} are answered at once, and this asks for ${size[what]} ${WORDS[what]}.`);
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
    // A fragment that contains itself is refused by a rule of its own; here it only has to end.
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
    // A larger number is refused when the list is read.
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

/** A list of nobody knows how many, other than those that count as large and those that say what the schema is. */
function isUnpagedList({ name, type }: GraphQLField<unknown, unknown>): boolean {
  const named = getNamedType(type).name;
  return (
    isListType(getNullableType(type)) &&
    // The rows of a page, which has its size.
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
