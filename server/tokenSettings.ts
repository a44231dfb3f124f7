import { chooseDataDir } from "./embedded/dataDir.ts";
import type { Env } from "./env.ts";
import { loadSecrets } from "./secrets.ts";
import type { TokenSettings } from "./tokens.ts";

/** How tokens are verified. Outside production, the data folder's secret is the default. */
export async function tokenSettings(env: Env): Promise<TokenSettings> {
  const { jwtAudience: audience, jwtIssuer: issuer, jwtClaims: claims, jwksUrl } = env;
  if (jwksUrl) return { jwksUrl, audience, issuer, claims };
  return { secret: env.jwtSecret ?? (await loadSecrets(chooseDataDir(env))).jwtSecret, audience, issuer, claims };
}
