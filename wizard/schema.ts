/** What of JSON Schema a stage file may use. `generate/checkStage.ts` refuses the rest. */
export interface Schema {
  /** The label of a field. */
  readonly title?: string;
  /** Help for whoever fills it in. */
  readonly description?: string;
  readonly type?: string;
  readonly examples?: readonly unknown[];

  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  /** Values to choose from, where they have labels. */
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
  /** Of a list, which is one answer. */
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;

  readonly properties?: Fields;
  readonly required?: readonly string[];
  /** Fields that are asked for only if others were answered in a certain way. */
  readonly allOf?: readonly Branch[];
  /** Makes the object a collection: what every entry is like, whatever its key. */
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

/** That these fields have answers, and, where `properties` names values, one of those. */
export interface Condition {
  readonly required: readonly string[];
  readonly properties?: Readonly<Record<string, { readonly const?: unknown; readonly enum?: readonly unknown[] }>>;
}

export type Fields = Readonly<Record<string, Schema>>;
