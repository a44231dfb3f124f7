/** The part of JSON Schema that a stage file may use. `generate/checkStage.ts` refuses the rest. */
export interface Schema {
  /** The label of a field. */
  readonly title?: string;
  /** The help text of a field. */
  readonly description?: string;
  readonly type?: string;
  readonly examples?: readonly unknown[];

  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  /** Options with labels. */
  readonly oneOf?: readonly Choice[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  /** For a list, which counts as one answer. */
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;

  readonly properties?: Fields;
  readonly required?: readonly string[];
  /** Fields that depend on the answers to other fields. */
  readonly allOf?: readonly Branch[];
  /** Makes the object a collection: the schema of every entry. */
  readonly additionalProperties?: Schema;
  readonly propertyNames?: { readonly pattern?: string };
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

export interface Choice {
  readonly const: unknown;
  readonly title: string;
  readonly description?: string;
}

export interface Branch {
  readonly if: Condition;
  readonly then: { readonly properties?: Fields; readonly required?: readonly string[] };
}

/** Holds if all of these fields have an answer, and if each field in `properties` has a wanted value. */
export interface Condition {
  readonly required: readonly string[];
  readonly properties?: Readonly<Record<string, Wanted>>;
}

/** The part of JSON Schema that describes wanted values. */
export interface Wanted {
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly not?: Wanted;
  /** For a collection and its entries. */
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Wanted>>;
  readonly additionalProperties?: Wanted;
}

export type Fields = Readonly<Record<string, Schema>>;
