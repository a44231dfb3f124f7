import { stopTestCluster } from "./cluster.ts";

export default async function globalTeardown(): Promise<void> {
  if (globalThis.stagekeepTestCluster) await stopTestCluster(globalThis.stagekeepTestCluster);
}
