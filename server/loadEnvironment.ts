// Every program imports this first: other modules read the environment when they are loaded.
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const file = resolve(import.meta.dirname, "../.env");
// Variables that are set already take precedence.
if (existsSync(file)) process.loadEnvFile(file);

// PostGraphile's libraries read this when they are loaded. In development they do more checks.
process.env.GRAPHILE_ENV ??= process.env.NODE_ENV === "production" ? "production" : "development";
