import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { expect, it } from "@jest/globals";

const ROOT = resolve(import.meta.dirname, "..");
const SKIPPED = /^(?:\.git|node_modules|\.data|dist.*|.*\.log)$/;
const FILES = filesIn("");
const FOLDERS = [...new Set(FILES.flatMap((file) => file.match(/^[^/]+(?=\/)/) ?? []))];

const MARKDOWN = FILES.filter((file) => file.endsWith(".md"));
const COMMENTED = FILES.filter(
  (file) =>
    (/\.(ts|tsx|js|css|sql)$/.test(file) || [".ci/run", ".env.example", ".gmrc"].includes(file)) &&
    // Committed migrations are immutable, so their comments may name files that have been renamed since.
    !file.startsWith("db/migrations/committed/") &&
    // Its comments name files of supabase/postgres.
    file !== "testkit/supabase.sql",
);

const COMMENT = /\/\*[\s\S]*?\*\/|(?:^|\s)(?:\/\/|--|#) .*/g;
const FENCE = /^ *```[\s\S]*?^ *```/gm;
const DOCUMENT = /\bdocs\/[\w./-]*\.md\b/g;
const LINK = /\]\((?<markdown>[^()\s]+)\)|(?:src|srcset|href)="(?<html>[^"\s]+)"/g;
/** A path that starts with a folder of this repository, or the name of a source file. `NNN-` is a placeholder. */
const PATH = new RegExp(
  `(?<![\\w@/.*<-])(?:${FOLDERS.map((folder) => folder.replaceAll(".", "\\.")).join("|")})/[\\w./-]*` +
    "|(?<![\\w@/.*<>-])(?!NNN-)[\\w-][\\w./-]*\\.(?:ts|tsx|sql|graphql|md)\\b",
  "g",
);
/** The output of a build, and a file that graphile-migrate reads in other projects. */
const ELSEWHERE = ["web/dist", "current.sql"];

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !SKIPPED.test(name))
    .flatMap((entry) => (entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)]));
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** GitHub derives anchors from headings like this. */
function anchorsIn(markdown: string): string[] {
  return [...markdown.replace(FENCE, "").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function isBroken(file: string, link: string): boolean {
  const [path, anchor] = link.split("#");
  const target = path ? join(ROOT, file, "..", path) : join(ROOT, file);
  if (!existsSync(target)) return true;
  return anchor !== undefined && !anchorsIn(read(relative(ROOT, target))).includes(anchor);
}

it("every relative link in a document leads to an existing file and heading", () => {
  const links = MARKDOWN.flatMap((file) =>
    [...read(file).replace(FENCE, "").matchAll(LINK)]
      .map(({ groups = {} }) => ({ file, link: groups.markdown ?? groups.html ?? "" }))
      .filter(({ link }) => !/^[a-z]+:/.test(link)),
  );
  expect(links.length).toBeGreaterThan(30);
  expect(links.filter(({ file, link }) => isBroken(file, link))).toEqual([]);
});

function isOnDisk(path: string): boolean {
  const name = path.replace(/[./]+$/, "");
  if (ELSEWHERE.includes(name)) return true;
  return FILES.some((file) => file === name || file.startsWith(`${name}/`) || file.endsWith(`/${name}`));
}

it("every file that a document or a comment names exists", () => {
  const texts = [
    ...MARKDOWN.map((file) => ({ file, text: read(file).replace(FENCE, "") })),
    ...COMMENTED.map((file) => ({ file, text: (read(file).match(COMMENT) ?? []).join("\n") })),
    // Error messages and output name documents too.
    ...COMMENTED.map((file) => ({ file, text: (read(file).match(DOCUMENT) ?? []).join("\n") })),
  ];
  const named = texts.flatMap(({ file, text }) => (text.match(PATH) ?? []).map((path) => ({ file, path })));
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter(({ path }) => !isOnDisk(path))).toEqual([]);
});
