import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Schema } from "../schema.ts";
import { checkStage, StageFileError } from "./checkStage.ts";
import { stateTypeOf } from "./stateType.ts";

interface StageFile {
  readonly name: string;
  readonly number: number;
  readonly key: string;
  readonly schema: Schema;
}

/**
 * Makes of the stage files in a folder what is written beside them: by file name, the content.
 * @throws {StageFileError} when one of them can't be used.
 */
export async function generatedFiles(folder: string): Promise<Record<string, string>> {
  const stages = await readStages(folder);
  return {
    "schemas.generated.ts": HEADER + schemasOf(stages),
    "types.generated.ts": `${HEADER}${numbersOf(stages)}\n${await stateTypeOf(stages)}`,
  };
}

const HEADER =
  "// Made of the files *.schema.json beside this one by `npm run wizard:types`. Change those instead.\n\n";

async function readStages(folder: string): Promise<StageFile[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".schema.json"));
  const stages = await Promise.all(files.map((name) => readStage(folder, name)));
  const inOrder = stages.toSorted((one, other) => one.number - other.number);
  const expected = inOrder.findIndex(({ number }, index) => number !== index + 1) + 1;
  if (expected > 0 || inOrder.length === 0) {
    const missing = expected || 1;
    throw new StageFileError(
      `${folder}: stages are numbered 1, 2, 3 …, and there is not exactly one with number ${missing}.`,
    );
  }
  const repeated = inOrder.find(({ key }, index) => inOrder.findIndex((other) => other.key === key) !== index);
  if (repeated) throw new StageFileError(`${repeated.name}: there is another stage "${repeated.key}".`);
  return inOrder;
}

async function readStage(folder: string, name: string): Promise<StageFile> {
  const [, number = "", key = ""] = /^([1-9]\d*)-([a-z][A-Za-z0-9]*)\.schema\.json$/.exec(name) ?? [];
  if (key === "") throw new StageFileError(`${name}: a stage file has a name such as 1-basics.schema.json.`);
  const schema = parse(name, await readFile(join(folder, name), "utf8"));
  checkStage(name, schema);
  return { name, number: Number(number), key, schema };
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StageFileError(`${name}: ${(error as Error).message}`);
  }
}

function schemasOf(stages: readonly StageFile[]): string {
  // Not named by the key, which may be a word such as "default".
  const imports = stages.map(({ name, number }) => `import stage${number} from "./${name}" with { type: "json" };\n`);
  const entries = stages.map(({ number, key }) => `  { number: ${number}, key: "${key}", schema: stage${number} },\n`);
  return [
    ...imports,
    'import type { StageKey, StageNumber } from "./types.generated.ts";\n\n',
    // What TypeScript reads out of a JSON file fits no type of schemas: it takes the fields of all branches together.
    "export const SCHEMAS: readonly { number: StageNumber; key: StageKey; schema: unknown }[] = [\n",
    ...entries,
    "];\n",
  ].join("");
}

function numbersOf(stages: readonly StageFile[]): string {
  const numbers = stages.map(({ number }) => number).join(" | ");
  return `export type StageNumber = ${numbers};\n\nexport type StageKey = keyof WizardState;\n`;
}
