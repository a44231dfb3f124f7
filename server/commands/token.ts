import "../loadEnvironment.ts";
import { parseArgs } from "node:util";
import { z } from "zod";
import { TOKEN_ROLES } from "../../graphql/claims.ts";
import { readEnv } from "../env.ts";
import { runCommand } from "../runCommand.ts";
import { tokenSettings } from "../tokenSettings.ts";
import { signToken } from "../tokens.ts";
import { UserError } from "../userError.ts";

const USAGE = `Usage: npm run token -- --sub UUID [--role ${TOKEN_ROLES.join("|")}] [--expires 1h]`;

const optionsSchema = z.object({
  sub: z.guid("--sub must be a UUID"),
  role: z.enum(TOKEN_ROLES, `--role must be one of ${TOKEN_ROLES.join(", ")}`).default("authenticated"),
  expires: z
    .string()
    .regex(/^\d+ ?(s|m|h|d)$/, "--expires must be a duration such as 30s, 15m, 1h or 7d")
    .default("1h"),
});

await runCommand(async () => {
  const { sub, role, expires } = readOptions();
  const env = readEnv();
  if (env.production)
    throw new UserError("This command signs tokens only for development. In production, your issuer signs them.");
  const settings = await tokenSettings(env);
  if (settings.secret === undefined) {
    throw new UserError("JWKS_URL is set, so only its issuer can sign tokens.");
  }
  console.log(await signToken(settings, { sub, role, expiresIn: expires }));
});

function readOptions() {
  try {
    const { values } = parseArgs({
      options: { sub: { type: "string" }, role: { type: "string" }, expires: { type: "string" } },
    });
    return optionsSchema.parse(values);
  } catch (error) {
    const reasons =
      error instanceof z.ZodError ? error.issues.map(({ message }) => message) : [(error as Error).message];
    throw new UserError(`${reasons.join("\n")}\n${USAGE}`);
  }
}
