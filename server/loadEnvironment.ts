// Has to be imported before anything else by every program: it completes the environment before others read it.
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const file = resolve(import.meta.dirname, "../.env");
// What is set already counts for more than what the file says.
if (existsSync(file)) process.loadEnvFile(file);

// PostGraphile's libraries read this once, when they are loaded. In development they check more and explain more.
process.env.GRAPHILE_ENV ??= process.env.NODE_ENV === "production" ? "production" : "development";
