import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import pg from "pg";
import { testRootUrl } from "../../testkit/cluster.ts";
import { postgresIn, usePrograms } from "../../testkit/programs.ts";
import { until } from "../../testkit/until.ts";
import { readEnv } from "../env.ts";
import { findBinaries, programsPackage } from "./binaries.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { chooseDataDir } from "./dataDir.ts";
import { databaseIdentity } from "./systemUser.ts";

const run = promisify(execFile);
const programs = usePrograms();

const superuserPassword = "a password: it's 'quoted' & %41";
// Durability across a machine failure is not tested.
const settings = { fsync: "off" };
const start = (dataDir: string) => startCluster({ dataDir, superuserPassword, settings });

async function query<T extends pg.QueryResultRow>({ rootUrl }: Pick<Cluster, "rootUrl">, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: rootUrl });
  // Some tests kill the server.
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

const KEEP = "create table kept as select 'this' as what";
const kept = (cluster: Pick<Cluster, "rootUrl">) => query(cluster, "select * from kept");
const WHAT_WAS_KEPT = [{ what: "this" }];

/** A data folder with one table, whose server has stopped. */
async function usedDataDir(): Promise<string> {
  const dataDir = await programs.folder();
  const cluster = await start(dataDir);
  await query(cluster, KEEP);
  await cluster.stop();
  return dataDir;
}

/** Starts a process that starts the cluster of `dataDir`, prints its URL and keeps running. */
function startElsewhere(dataDir: string) {
  const options = JSON.stringify({ dataDir, superuserPassword, settings });
  const code = `
    import { startCluster } from ${JSON.stringify(new URL("cluster.ts", import.meta.url).href)};
    try {
      const { rootUrl } = await startCluster(${options});
      console.log(rootUrl);
    } catch (error) {
      console.error(\`\${error.name}: \${error.message}\`);
      process.exit(1);
    }
    setInterval(() => {}, 1000);`;
  return programs.start([process.execPath, "--input-type=module", "--eval", code]);
}

const lockFileOf = (dataDir: string) => join(dataDir, "postgres/data/postmaster.pid");

/** Writes the lock file that a crashed server with that process id leaves behind. */
async function writeLockFile(dataDir: string, pid: number): Promise<void> {
  const data = join(dataDir, "postgres/data");
  // Port 1: nothing listens there.
  await writeFile(
    lockFileOf(dataDir),
    `${pid}\n${data}\n${Math.floor(Date.now() / 1000)}\n1\n\n127.0.0.1\n\nready   \n`,
  );
}

async function messageOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof Error && error.name === "UserError") return error.message;
    throw error;
  }
  throw new Error("This was expected to fail.");
}

describe("startCluster", () => {
  it("starts a PostgreSQL 18 that accepts only local connections with the password", async () => {
    const dataDir = await programs.folder();
    const cluster = await start(dataDir);
    try {
      const [row] = await query(
        cluster,
        `select current_setting('server_version_num')::int / 10000 as version, current_user as user,
                current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets,
                current_setting('server_encoding') as encoding, current_setting('data_directory') as data`,
      );
      expect(row).toEqual({
        version: 18,
        user: "postgres",
        addresses: "127.0.0.1",
        sockets: "",
        encoding: "UTF8",
        data: join(dataDir, "postgres/data"),
      });
      const wrong = new URL(cluster.rootUrl);
      wrong.password = "wrong";
      await expect(query({ rootUrl: wrong.href }, "select 1")).rejects.toMatchObject({ code: "28P01" });
      expect((await stat(join(dataDir, "postgres/data"))).mode & 0o777).toBe(0o700);
    } finally {
      await cluster.stop();
    }
  });

  it("leaves no process and no temporary files after it stops", async () => {
    const dataDir = await programs.folder();
    const cluster = await start(dataDir);
    expect(await postgresIn(dataDir)).toHaveLength(1);
    await Promise.all([cluster.stop(), cluster.stop()]);
    await cluster.stop();
    expect(await postgresIn(dataDir)).toEqual([]);
    expect(await readdir(join(dataDir, "postgres"))).toEqual(["data", "server.log"]);
  });

  it("closes open connections when it stops", async () => {
    const cluster = await start(await programs.folder());
    const client = new pg.Client({ connectionString: cluster.rootUrl });
    client.on("error", () => {});
    await client.connect();
    const ended = new Promise<void>((resolve) => client.on("end", resolve));
    await cluster.stop();
    await ended;
  });

  it("uses the port of the last start, or another one if it is taken", async () => {
    const dataDir = await programs.folder();
    const first = await start(dataDir);
    await first.stop();
    const second = await start(dataDir);
    await second.stop();
    expect(second.port).toBe(first.port);
    const squatter = createServer().listen(first.port, "127.0.0.1");
    await once(squatter, "listening");
    const third = await start(dataDir);
    await third.stop();
    squatter.close();
    expect(third.port).not.toBe(first.port);
  });

  it("keeps its data across starts", async () => {
    const cluster = await start(await usedDataDir());
    try {
      expect(await kept(cluster)).toEqual(WHAT_WAS_KEPT);
    } finally {
      await cluster.stop();
    }
  });

  it("ignores the files of an interrupted first start", async () => {
    const dataDir = await programs.folder();
    await mkdir(join(dataDir, "postgres/data.12345/base"), { recursive: true });
    await writeFile(join(dataDir, "postgres/data.12345/PG_VERSION"), "18\n");
    const cluster = await start(dataDir);
    expect(await query(cluster, "select 1 as one")).toEqual([{ one: 1 }]);
    await cluster.stop();
  });
});

describe("data that is in use", () => {
  it("is refused to a second process, with an error that names the first", async () => {
    const dataDir = await programs.folder();
    const first = startElsewhere(dataDir);
    const [rootUrl] = await first.printed(/postgres:\S+/);
    await query({ rootUrl }, KEEP);
    expect(await messageOf(start(dataDir))).toBe(
      `Another Stagekeep (process ${first.pid}) is using the data in ${dataDir}. Stop it first, or set DATA_DIR to another folder.`,
    );
    expect(await kept({ rootUrl })).toEqual(WHAT_WAS_KEPT);
  });

  it("is given to exactly one of two processes that initialise it at the same time", async () => {
    const dataDir = await programs.folder();
    const both = [startElsewhere(dataDir), startElsewhere(dataDir)];
    const outcomes = await Promise.all(
      both.map((program) =>
        program.printed(/postgres:\S+/).then(
          () => "started",
          async () => (await program.ended).stderr,
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "started")).toHaveLength(1);
    const refused = outcomes.find((outcome) => outcome !== "started");
    expect(refused).toMatch(/^UserError: Another /);
    expect(refused).toContain(dataDir);
    expect(await readdir(join(dataDir, "postgres"))).toEqual(["data", "server.log"]);
  });

  it("is taken over if a killed process left its server running", async () => {
    const dataDir = await programs.folder();
    const killed = startElsewhere(dataDir);
    const [rootUrl] = await killed.printed(/postgres:\S+/);
    await query({ rootUrl }, KEEP);
    const servers = await postgresIn(dataDir);
    killed.signal("SIGKILL");
    await killed.ended;

    const cluster = await start(dataDir);
    expect({ rootUrl: cluster.rootUrl, servers: await postgresIn(dataDir) }).toEqual({ rootUrl, servers });
    expect(await kept(cluster)).toEqual(WHAT_WAS_KEPT);
    // The new process owns it now, refuses others and stops it.
    const refused = await startElsewhere(dataDir).ended;
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`(process ${process.pid})`) });
    await cluster.stop();
    expect(await postgresIn(dataDir)).toEqual([]);
  });
});

describe("after a crash", () => {
  it("recovers committed data if PostgreSQL was killed", async () => {
    const dataDir = await programs.folder();
    const crashed = await start(dataDir);
    await query(crashed, KEEP);
    const [pid = 0] = await postgresIn(dataDir);
    process.kill(pid, "SIGKILL");
    await until(async () => (await postgresIn(dataDir)).length === 0, "end of the server");
    expect(await readFile(lockFileOf(dataDir), "utf8")).toContain(String(pid));

    const cluster = await start(dataDir);
    expect(await kept(cluster)).toEqual(WHAT_WAS_KEPT);
    await cluster.stop();
  });

  it("ignores a lock file whose process is gone", async () => {
    const dataDir = await usedDataDir();
    await writeLockFile(dataDir, spawnSync("true").pid);
    const cluster = await start(dataDir);
    expect(await kept(cluster)).toEqual(WHAT_WAS_KEPT);
    await cluster.stop();
  });

  it("ignores a lock file whose process id belongs to another program", async () => {
    const dataDir = await usedDataDir();
    await writeLockFile(dataDir, process.pid);
    const cluster = await start(dataDir);
    expect(await kept(cluster)).toEqual(WHAT_WAS_KEPT);
    await cluster.stop();
  });

  it("ignores a lock file whose process id belongs to the server of another cluster", async () => {
    const dataDir = await usedDataDir();
    const [other] = await query<{ pid: number }>(
      { rootUrl: testRootUrl() },
      "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int as pid",
    );
    await writeLockFile(dataDir, other?.pid ?? 0);
    const cluster = await start(dataDir);
    expect(await kept(cluster)).toEqual(WHAT_WAS_KEPT);
    await cluster.stop();
  });
});

describe("startCluster explains that the data folder", () => {
  it("is a file", async () => {
    const file = join(await programs.folder(), "file");
    await writeFile(file, "mine");
    expect(await messageOf(start(file))).toContain(
      `${file} is not a folder. Remove the file, or set DATA_DIR to another path.`,
    );
    expect(await readFile(file, "utf8")).toBe("mine");
  });

  it("has the data of another major version", async () => {
    const dataDir = await usedDataDir();
    const version = join(dataDir, "postgres/data/PG_VERSION");
    await writeFile(version, "17\n");
    expect(await messageOf(start(dataDir))).toContain(
      `${dataDir} was created by another major version of PostgreSQL. Dump it with the version of Stagekeep that created it, or set DATA_DIR to a new folder.`,
    );
    await writeFile(version, "18\n");
    const cluster = await start(dataDir);
    expect(await kept(cluster)).toEqual(WHAT_WAS_KEPT);
    await cluster.stop();
  });

  it("has another password, and leaves no server running", async () => {
    const dataDir = await usedDataDir();
    const message = await messageOf(startCluster({ dataDir, superuserPassword: "another", settings }));
    expect(message).toContain(
      `The passwords in ${dataDir}/secrets.json do not match the database in the same folder. Restore that file, or set DATA_DIR to a new folder.`,
    );
    expect(await postgresIn(dataDir)).toEqual([]);
  });

  // Root can write anywhere. The read-only disk below tests it for root.
  const itAsOrdinaryUser = process.getuid?.() === 0 ? it.skip : it;
  itAsOrdinaryUser("is not writable", async () => {
    const folder = await programs.folder();
    await chmod(folder, 0o555);
    const dataDir = join(folder, "data");
    expect(await messageOf(start(dataDir))).toContain(
      `Permission denied for ${dataDir}. Change its owner or permissions, or set DATA_DIR to a folder of your own.`,
    );
    await chmod(folder, 0o755);
  });

  // Only root can mount disks, and not in every container.
  const itWithDisks = canMount() ? it : it.skip;

  /** Mounts a small disk while `work` runs. */
  async function withDisk(size: string, work: (folder: string) => Promise<void>): Promise<void> {
    const folder = await programs.folder();
    await run("mount", ["-t", "tmpfs", "-o", `size=${size},mode=755`, "tmpfs", folder]);
    try {
      await work(folder);
    } finally {
      for (const pid of await postgresIn(folder)) process.kill(pid, "SIGQUIT");
      await until(async () => (await postgresIn(folder)).length === 0);
      await run("umount", [folder]);
    }
  }

  const full = (dataDir: string) =>
    `The disk that holds ${dataDir} is full. Free some space, or set DATA_DIR to a folder on another disk.`;

  itWithDisks("is on a disk that becomes full during the first start", () =>
    withDisk("1m", async (dataDir) => {
      expect(await messageOf(start(dataDir))).toContain(full(dataDir));
      // Incomplete data is removed.
      expect(await readdir(join(dataDir, "postgres"))).toEqual([]);
    }),
  );

  itWithDisks("is on a disk that became full later", () =>
    withDisk("100m", async (dataDir) => {
      const used = await start(dataDir);
      await query(used, KEEP);
      await used.stop();
      const filler = join(dataDir, "filler");
      await run("dd", ["if=/dev/zero", `of=${filler}`, "bs=1M"]).catch(() => {});
      await run("dd", ["if=/dev/zero", `of=${filler}.2`, "bs=1"]).catch(() => {});
      expect(await messageOf(start(dataDir))).toContain(full(dataDir));
      expect(await postgresIn(dataDir)).toEqual([]);

      await Promise.all([rm(filler), rm(`${filler}.2`, { force: true })]);
      const cluster = await start(dataDir);
      expect(await kept(cluster)).toEqual(WHAT_WAS_KEPT);
      await cluster.stop();
    }),
  );

  itWithDisks("is on a read-only disk, new or used before", () =>
    withDisk("100m", async (folder) => {
      const used = join(folder, "used");
      const cluster = await start(used);
      await cluster.stop();
      await run("mount", ["-o", "remount,ro", folder]);
      expect(await messageOf(start(used))).toContain(
        `${used} is on a read-only disk. Set DATA_DIR to a writable folder.`,
      );
      const dataDir = join(folder, "new");
      expect(await messageOf(start(dataDir))).toContain(
        `Can't create ${dataDir}; the disk may be read-only. Set DATA_DIR to a writable folder.`,
      );
    }),
  );
});

// PostgreSQL runs as another user only as root.
const describeAsRoot = process.getuid?.() === 0 ? describe : describe.skip;

describeAsRoot("as root", () => {
  it("runs the server as the user postgres", async () => {
    const dataDir = await programs.folder();
    const cluster = await start(dataDir);
    const [pid] = await postgresIn(dataDir);
    const { stdout } = await run("ps", ["-o", "user=", "-p", String(pid)]);
    expect(stdout.trim()).toBe("postgres");
    await cluster.stop();
  });

  it("explains what to do if that user can't access the data folder", async () => {
    const closed = await programs.folder();
    await chmod(closed, 0o700);
    const dataDir = join(closed, "data");
    expect(await messageOf(start(dataDir))).toBe(
      `PostgreSQL runs as the user postgres, which can't access ${dataDir}. Run chmod o+x on each of its parent ` +
        "folders, or set DATA_DIR to a folder such as /var/lib/stagekeep.",
    );
  });

  it("copies the programs once if that user can't access the project", async () => {
    const project = await programs.folder();
    await chmod(project, 0o700);
    const { pg_ctl } = await import(programsPackage());
    await symlink(dirname(dirname(dirname(pg_ctl))), join(project, "postgresql"));
    const copyTo = join(await programs.folder(), "programs");
    const find = () => findBinaries(databaseIdentity(), copyTo, join(project, "postgresql/native/bin"));

    const binaries = await find();
    expect(binaries).toEqual({ initdb: join(copyTo, "bin/initdb"), pg_ctl: join(copyTo, "bin/pg_ctl") });
    for (const program of [binaries.initdb, binaries.pg_ctl]) {
      expect((await run(program, ["--version"], databaseIdentity())).stdout).toContain("(PostgreSQL) 18.");
    }
    const { ino } = await stat(binaries.initdb);
    expect(await find()).toEqual(binaries);
    expect((await stat(binaries.initdb)).ino).toBe(ino);
  });

  it("does not copy the programs if that user can access them", async () => {
    const bin = await programs.folder();
    const copyTo = join(bin, "copy");
    expect(await findBinaries(databaseIdentity(), copyTo, bin)).toEqual({
      initdb: join(bin, "initdb"),
      pg_ctl: join(bin, "pg_ctl"),
    });
    await expect(stat(copyTo)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("chooseDataDir", () => {
  const env = readEnv({});

  async function closedProject(): Promise<string> {
    const project = await programs.folder();
    await chmod(project, 0o700);
    return project;
  }

  it("is .data in the project if PostgreSQL's user can access it", async () => {
    const dataDir = join(await programs.folder(), ".data");
    expect(chooseDataDir({ ...env, dataDir })).toBe(dataDir);
  });

  it("is DATA_DIR if that is set, whether or not the user can access it", async () => {
    const dataDir = join(await closedProject(), ".data");
    expect(chooseDataDir({ ...env, dataDir, dataDirChosen: true })).toBe(dataDir);
  });

  it("is, as root, a folder in /var/lib/stagekeep for the project if the user can't access it", async () => {
    const [one, other] = [await closedProject(), await closedProject()];
    const choose = (project: string) => chooseDataDir({ ...env, dataDir: join(project, ".data") });
    if (process.getuid?.() !== 0) return expect(choose(one)).toBe(join(one, ".data"));
    expect(choose(one)).toMatch(new RegExp(`^/var/lib/stagekeep/${basename(one)}-[0-9a-f]{8}$`));
    expect(choose(one)).toBe(choose(one));
    expect(choose(other)).not.toBe(choose(one));
  });
});

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const probe = "mount -t tmpfs -o size=1m tmpfs /mnt && umount /mnt";
  return spawnSync("unshare", ["--mount", "sh", "-c", probe]).status === 0;
}
