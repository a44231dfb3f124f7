import { startTestCluster, type TestCluster } from "./cluster.ts";

declare global {
  var stagekeepTestCluster: TestCluster | undefined;
}

export default async function globalSetup(): Promise<void> {
  globalThis.stagekeepTestCluster = await startTestCluster();
}
