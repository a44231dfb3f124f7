import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as typedDocumentNode from "@graphql-codegen/typed-document-node";
import * as typescriptOperations from "@graphql-codegen/typescript-operations";
import { buildSchema, type DocumentNode, GraphQLError, parse, validate } from "graphql";
import { PROJECT_ROOT } from "../database/migrate.ts";
import { readGeneratorOptions, writeOrCheck } from "../generatedFile.ts";
import { runCommand } from "../runCommand.ts";
import { UserError } from "../userError.ts";

const USAGE = `Usage: npm run graphql:types -- [options]
  --check      fail if the file is out of date, and write nothing
  --file FILE  write FILE instead of client/generated/operations.ts`;

const SCHEMA = "graphql/schema.graphql";
const OPERATIONS = "graphql/operations";

interface OperationFile {
  readonly name: string;
  readonly document: DocumentNode;
}

await runCommand(async () => {
  const { check, file } = readGeneratorOptions("client/generated/operations.ts", USAGE);
  console.log(await writeOrCheck({ file, content: await generate(), command: "npm run graphql:types" }, check));
});

async function generate(): Promise<string> {
  const schema = buildSchema(await readFile(join(PROJECT_ROOT, SCHEMA), "utf8"));
  const files = await readOperations();
  const all = files.flatMap(({ document }) => document.definitions);
  const [error] = validate(schema, { kind: "Document", definitions: all } as DocumentNode);
  if (error) throw new UserError(`${OPERATIONS} does not match ${SCHEMA}: ${error.message}`);
  const code = await codegen({
    filename: "operations.ts",
    schema: parse(await readFile(join(PROJECT_ROOT, SCHEMA), "utf8")),
    schemaAst: schema,
    documents: files.map(({ name, document }) => ({ location: `${OPERATIONS}/${name}`, document })),
    config: {
      useTypeImports: true,
      immutableTypes: true,
      skipTypename: true,
      enumsAsTypes: true,
      documentNodeImport: "@apollo/client#TypedDocumentNode",
      // Leaves out types that no operation uses.
      onlyOperationTypes: true,
      scalars: {
        UUID: "string",
        Datetime: "string",
        Cursor: "string",
        BigInt: "string",
        BigFloat: "string",
        JSON: "unknown",
      },
    },
    plugins: [{ typescriptOperations: {} }, { typedDocumentNode: {} }],
    pluginMap: { typescriptOperations, typedDocumentNode },
  });
  return `// Made by \`npm run graphql:types\` of graphql/schema.graphql and graphql/operations. Don't edit.\n${code.trim()}\n`;
}

/** @throws {UserError} for a file that is not GraphQL, or does not hold exactly the definition it is named after */
async function readOperations(): Promise<OperationFile[]> {
  const folder = join(PROJECT_ROOT, OPERATIONS);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".graphql")).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const document = parseOperation(name, await readFile(join(folder, name), "utf8"));
      const [definition, ...others] = document.definitions;
      const defined = definition && "name" in definition ? definition.name?.value : undefined;
      if (others.length > 0 || `${defined}.graphql` !== name) {
        throw new UserError(`${OPERATIONS}/${name} must hold one definition, named like the file.`);
      }
      return { name, document };
    }),
  );
}

function parseOperation(name: string, text: string): DocumentNode {
  try {
    return parse(text, { noLocation: true });
  } catch (error) {
    if (error instanceof GraphQLError) throw new UserError(`${OPERATIONS}/${name}: ${error.message}`);
    throw error;
  }
}
