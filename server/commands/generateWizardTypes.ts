import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { StageFileError } from "../../wizard/generate/checkStage.ts";
import { generatedFiles } from "../../wizard/generate/generatedFiles.ts";
import { PROJECT_ROOT } from "../database/migrate.ts";
import { writeOrCheck } from "../generatedFile.ts";
import { runCommand } from "../runCommand.ts";
import { UserError } from "../userError.ts";

const USAGE = `Usage: npm run wizard:types -- [options]
  --check          write nothing, and fail if a generated file is out of date
  --folder FOLDER  read the stage files of this folder instead of wizard/`;

await runCommand(async () => {
  const { check, folder } = readOptions();
  for (const [name, content] of Object.entries(await generate(folder))) {
    const file = join(folder, name);
    console.log(await writeOrCheck({ file, content, command: "npm run wizard:types" }, check));
  }
});

async function generate(folder: string) {
  try {
    return await generatedFiles(folder);
  } catch (error) {
    throw error instanceof StageFileError ? new UserError(error.message) : error;
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: { check: { type: "boolean", default: false }, folder: { type: "string" } },
    });
    return { check: values.check, folder: resolve(PROJECT_ROOT, values.folder ?? "wizard") };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n\n${USAGE}`);
  }
}
