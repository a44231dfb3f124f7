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
  /** Signs tokens where the environment names no JWT_SECRET and no JWKS_URL; not in production. */
  jwtSecret: z.string(),
});

export type Secrets = z.infer<typeof secretsSchema>;

const FILE = "secrets.json";

/** The secrets that belong to a data folder: made at the first start, readable by their owner alone. */
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
    throw new UserError(
      `${file} can't be read as what Stagekeep wrote there. Restore it, or set DATA_DIR to a new folder.`,
      {
        cause,
      },
    );
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
  // Whole or not at all: half a file of secrets would lock the database that comes after it. And the first one wins:
  // of two programs that start at the same time, the second takes what it finds.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  try {
    await link(draft, file);
    return secrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return parseSecrets(await readFile(file, "utf8"), file);
  } finally {
    await rm(draft);
  }
}
