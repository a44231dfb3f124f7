import type { ThrowawayDatabase } from "../server/database/throwaway.ts";
import { startTestCluster } from "./cluster.ts";

declare global {
  var stagekeepTestCluster: ThrowawayDatabase | undefined;
}

export default async function globalSetup(): Promise<void> {
  // PostGraphile's libraries read this when they are loaded. It turns on additional checks.
  process.env.GRAPHILE_ENV = "development";
  globalThis.stagekeepTestCluster = await startTestCluster();
}
