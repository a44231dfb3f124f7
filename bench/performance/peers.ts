import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../peers", import.meta.url));

/** Installs the packages of the peers, unless they are up to date. */
export async function installPeers(progress: (line: string) => void): Promise<void> {
  // npm writes the second file last.
  if (changed(`${FOLDER}/package-lock.json`) <= changed(`${FOLDER}/node_modules/.package-lock.json`)) return;
  progress("installing the packages of bench/peers");
  const npm = spawn("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: FOLDER,
    stdio: ["ignore", process.stderr, process.stderr],
  });
  const [code] = await once(npm, "exit");
  if (code !== 0) throw new Error("npm ci in bench/peers failed.");
}

function changed(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
