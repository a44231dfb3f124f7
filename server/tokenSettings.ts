import { chooseDataDir } from "./embedded/dataDir.ts";
import type { Env } from "./env.ts";
import { loadSecrets } from "./secrets.ts";
import type { TokenSettings } from "./tokens.ts";

/** How this process recognises tokens; outside production the data folder's own secret serves where none is set. */
export async function tokenSettings(env: Env): Promise<TokenSettings> {
  const { jwtAudience: audience, jwtIssuer: issuer, jwksUrl } = env;
  if (jwksUrl) return { jwksUrl, audience, issuer };
  return { secret: env.jwtSecret ?? (await loadSecrets(chooseDataDir(env))).jwtSecret, audience, issuer };
}
