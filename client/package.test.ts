import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { PROJECT_ROOT } from "../server/database/migrate.ts";
import { usePrograms } from "../testkit/programs.ts";

const programs = usePrograms();

/** The packages that an app installs beside this one. */
const BESIDE = [
  "@apollo/client",
  "@types/react",
  "csstype",
  "graphql",
  "@graphql-typed-document-node/core",
  "idb",
  "react",
  "rxjs",
];

const APP = `
import { HttpLink, InMemoryCache, ApolloClient } from "@apollo/client";
import { apolloTransport } from "@stagekeep/client/apollo";
import { createAutosaver, type SaveStatus, statusText, type Transport } from "@stagekeep/client/autosave";
import { useWizardSession, type WizardSessionHandle } from "@stagekeep/client";

export const client = new ApolloClient({ link: new HttpLink({ uri: "/graphql" }), cache: new InMemoryCache() });
export const transport: Transport = apolloTransport({ client, sessionId: "1" });
export const saver = () => createAutosaver({ userId: "2", sessionId: "1", transport });
export function useTitle(): unknown {
  const session: WizardSessionHandle = useWizardSession("1", { userId: "2", debounceMs: 500 });
  const status: SaveStatus = session.status;
  session.setField("/basics/title", statusText(status, new Date()));
  // @ts-expect-error The choices are "yours" and "theirs".
  session.resolve({ "/basics/title": "mine" });
  return session.state.basics;
}
`;

const PROGRAM = `
import { createAutosaver, statusText } from "@stagekeep/client/autosave";
import * as all from "@stagekeep/client";
import { apolloTransport } from "@stagekeep/client/apollo";
console.log(typeof createAutosaver, typeof all.useWizardSession, typeof apolloTransport, statusText({ phase: "saving" }, new Date()));
`;

describe("the package @stagekeep/client", () => {
  let app: string;
  beforeAll(async () => {
    app = await programs.folder();
    const packed = await programs.run(["npm", "pack", "./client", "--pack-destination", app]);
    expect(packed).toMatchObject({ code: 0 });
    const installed = join(app, "node_modules/@stagekeep/client");
    await mkdir(installed, { recursive: true });
    const archive = join(app, "stagekeep-client-0.1.0.tgz");
    expect(await programs.run(["tar", "-xzf", archive, "--strip-components=1", "-C", installed])).toMatchObject({
      code: 0,
    });
    for (const name of BESIDE) {
      await mkdir(dirname(join(app, "node_modules", name)), { recursive: true });
      await symlink(join(PROJECT_ROOT, "node_modules", name), join(app, "node_modules", name));
    }
    await writeFile(join(app, "package.json"), '{ "type": "module" }');
    await writeFile(join(app, "app.ts"), APP);
    await writeFile(join(app, "program.js"), PROGRAM);
  }, 60_000);

  it("can be imported in Node, with and without React", async () => {
    expect(await programs.run(["node", join(app, "program.js")])).toEqual({
      code: 0,
      stdout: "function function function Saving…\n",
      stderr: "",
    });
  });

  it("has types for an app", async () => {
    const options = [
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--ignoreConfig",
      "--target",
      "es2022",
      "--module",
      "nodenext",
    ];
    const checked = await programs.run(["node_modules/.bin/tsc", ...options, join(app, "app.ts")]);
    expect(checked).toEqual({ code: 0, stdout: "", stderr: "" });
  }, 60_000);
});
