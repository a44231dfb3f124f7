import { describe, expect, it } from "@jest/globals";
import { isGroupRunning, postgresIn, usePrograms } from "../../testkit/programs.ts";

const programs = usePrograms();

describe("npm run dev", () => {
  it("serves the API, runs graphile-migrate watch, and leaves no process after Ctrl-C", async () => {
    const settings = { DATA_DIR: await programs.folder(), PORT: "0" };
    // Migrated first, so that the server does not wait for `current/`.
    await programs.run(["node", "server/commands/graphileMigrate.ts", "current"], settings);

    const program = programs.start(["npm", "run", "dev"], settings);
    const [, url] = await program.printed(/Health +(\S+)\/healthz/);
    await program.printed(/graphile-migrate/);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    program.signal("SIGINT");
    expect(await program.ended).toMatchObject({ code: 0 });
    expect({ group: isGroupRunning(program.pid), postgres: await postgresIn(settings.DATA_DIR) }).toEqual({
      group: false,
      postgres: [],
    });
  });
});
