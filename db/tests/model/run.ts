import "../../../server/loadEnvironment.ts";
import { parseArgs } from "node:util";
import { startThrowawayDatabase } from "../../../server/database/throwaway.ts";
import { runCommand } from "../../../server/runCommand.ts";
import { UserError } from "../../../server/userError.ts";
import { check, describe, shrink } from "./check.ts";
import type { Cluster } from "./database.ts";
import { breaking, FAULTS } from "./faults.ts";

const print = (line: string) => process.stdout.write(`${line}\n`);

const TEMPLATE = "model_template";
const SHOWN = 25;

// `npm run test:model -- [--seed 7] [--operations 20000]` compares the database with the model. `--faults` instead breaks
// each rule in faults.ts, and prints how many operations it takes to find it.
await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      operations: { type: "string", default: "20000" },
      faults: { type: "boolean", default: false },
    },
  });
  const [seed, operations] = [Number(values.seed), Number(values.operations)];
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(operations)) {
    throw new UserError("Usage: npm run test:model -- [--seed NUMBER] [--operations NUMBER] [--faults]");
  }
  print(`seed ${seed}, ${operations} operations`);
  const started = Date.now();
  const throwaway = await startThrowawayDatabase(TEMPLATE);
  try {
    const cluster = { rootUrl: throwaway.connections.rootDatabaseUrl, template: TEMPLATE };
    if (values.faults) {
      await findFaults(cluster, seed, operations);
      return;
    }
    const progress = (done: number) => print(`${done} operations, ${Math.round((Date.now() - started) / 1000)} s`);
    const { counts, failure } = await check({ cluster, seed, operations, progress });
    if (failure) {
      print(
        `Failed at operation ${failure.operations.length} of seed ${seed}:\n${failure.operations.slice(-1).map(describe).join()}\n${failure.difference}\nLeaving out operations ...`,
      );
      const smallest = await shrink(cluster, failure, "", 60);
      print(smallest.operations.slice(-SHOWN).map(describe).join("\n"));
      throw new UserError(
        `The database differs from the model after operation ${failure.operations.length} of seed ${seed}:\n` +
          `${failure.difference}\n\nAfter the last of the ${smallest.operations.length} operations above:\n${smallest.difference}`,
      );
    }
    for (const [name, count] of [...counts].toSorted()) print(`${String(count).padStart(6)}  ${name}`);
  } finally {
    await throwaway.stop();
  }
});

/** Breaks one rule after the other, and prints how many operations it takes to find it. */
async function findFaults(cluster: Cluster, seed: number, operations: number): Promise<void> {
  const missed: string[] = [];
  for (const fault of FAULTS) {
    const { failure } = await check({ cluster, seed, operations, change: breaking(fault) });
    print(`${(failure ? String(failure.operations.length) : "never").padStart(6)}  ${fault.name}`);
    if (!failure) missed.push(fault.name);
  }
  if (missed.length > 0) throw new UserError(`Not found: ${missed.join("; ")}`);
}
