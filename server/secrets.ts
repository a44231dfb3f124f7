import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { explainFailure } from "./embedded/failures.ts";
import { UserError } from "./userError.ts";

const secretsSchema = z.object({
  superuserPassword: z.string(),
  ownerPassword: z.string(),
  authenticatorPassword: z.string(),
  /** Signs tokens outside production, unless JWT_SECRET or JWKS_URL is set. */
  jwtSecret: z.string(),
});

export type Secrets = z.infer<typeof secretsSchema>;

const FILE = "secrets.json";

/** The secrets of a data folder. They are generated at the first start; only the file's owner can read them. */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const file = join(dataDir, FILE);
  try {
    const content = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    return content === undefined ? await makeSecrets(dataDir, file) : parseSecrets(content, file);
  } catch (error) {
    throw error instanceof UserError ? error : explainFailure(error, dataDir);
  }
}

function parseSecrets(content: string, file: string): Secrets {
  try {
    return secretsSchema.parse(JSON.parse(content));
  } catch (cause) {
    throw new UserError(`${file} is damaged. Restore it, or set DATA_DIR to a new folder.`, {
      cause,
    });
  }
}

async function makeSecrets(dataDir: string, file: string): Promise<Secrets> {
  const make = () => randomBytes(32).toString("base64url");
  const secrets: Secrets = {
    superuserPassword: make(),
    ownerPassword: make(),
    authenticatorPassword: make(),
    jwtSecret: make(),
  };
  await mkdir(dataDir, { recursive: true });
  // `link` makes the complete file appear at once. If two programs start at the same time, the second one fails to link
  // and reads the first one's secrets.
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  try {
    await link(temporary, file);
    return secrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return parseSecrets(await readFile(file, "utf8"), file);
  } finally {
    await rm(temporary);
  }
}
