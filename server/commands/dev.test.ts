import { describe, expect, it } from "@jest/globals";
import { isGroupThere, postgresIn, usePrograms } from "../../testkit/programs.ts";

const programs = usePrograms();

describe("npm run dev", () => {
  it("serves beside graphile-migrate watch, and on Ctrl-C leaves no process", async () => {
    const settings = { DATA_DIR: await programs.folder(), PORT: "0" };
    // Tables first, so that the server need not wait for those that are being worked on.
    await programs.run(["node", "server/commands/graphileMigrate.ts", "current"], settings);

    const program = programs.start(["npm", "run", "dev"], settings);
    const [, url] = await program.printed(/Health +(\S+)\/healthz/);
    await program.printed(/graphile-migrate/);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    program.signal("SIGINT");
    expect(await program.ended).toMatchObject({ code: 0 });
    expect({ group: isGroupThere(program.pid), postgres: await postgresIn(settings.DATA_DIR) }).toEqual({
      group: false,
      postgres: [],
    });
  });
});
