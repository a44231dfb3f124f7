import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { applyPatch } from "../json/mergePatch.ts";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { countSessions, singleRow, startSession, storedSession } from "../testkit/rows.ts";
import { history } from "../testkit/saving.ts";
import { CREATE, UPDATE } from "../testkit/sessions.ts";

const api = useTestApi();
let ada: Caller;
beforeAll(async () => {
  ada = await api.user();
});

const LIMIT = 256 * 1024;
const SAVE = `mutation ($input: SaveWizardSessionInput!) {
  saveWizardSession(input: $input) {
    outcome wizardSession { id state revision } conflicts { pointer base yours theirs }
  }
}`;

interface Answer {
  readonly status: number;
  // Parsed here, because objects that `fetch` parses have another realm's classes and are never equal.
  readonly body: {
    // biome-ignore lint/suspicious/noExplicitAny: each test knows what it has asked for.
    readonly data?: any;
    readonly errors?: readonly { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[];
  };
}

/** Sends a body exactly as given. */
async function post(body: string | Uint8Array<ArrayBuffer>, type = "application/json"): Promise<Answer> {
  const response = await fetch(api.url(), { method: "POST", headers: { ...ada.headers, "content-type": type }, body });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

const request = (query: string, variables: string) => `{"query":${JSON.stringify(query)},"variables":${variables}}`;
const saving = (id: string, base: number, patch: string) =>
  request(SAVE, `{"input":{"id":"${id}","saveId":"${randomUUID()}","baseRevision":${base},"patch":${patch}}}`);

const newSession = async (state: object = {}) => (await startSession(api.db, ada.id ?? "", { state })).id;

/** The three mutations that write a state, with its exact text. */
const WRITES = {
  saveWizardSession: (id: string, json: string) => saving(id, 0, json),
  updateWizardSession: (id: string, json: string) => request(UPDATE, `{"id":"${id}","patch":{"state":${json}}}`),
  createWizardSession: (_: string, json: string) => request(CREATE, `{"session":{"state":${json}}}`),
} as const;

async function expectKept(json: string) {
  for (const [field, body] of Object.entries(WRITES)) {
    const { data, errors } = (await post(body(await newSession(), json))).body;
    expect(errors).toBeUndefined();
    const { id, state } = data[field].wizardSession;
    expect(isDeepStrictEqual(state, JSON.parse(json))).toBe(true);
    // PostgreSQL compares all digits of a number; JavaScript can't.
    const { rows } = await api.db.root.query<{ same: boolean }>(
      "select state = $2::jsonb as same from wizard_sessions where id = $1",
      [id, json],
    );
    expect(singleRow(rows).same).toBe(true);
  }
}

/** Every mutation refuses it and writes nothing. */
async function expectRefused(json: string, status: unknown, error: object) {
  for (const [field, body] of Object.entries(WRITES)) {
    const id = await newSession({ fill: "kept" });
    const before = [await storedSession(api.db, id), await history(api.db, id)];
    const count = await countSessions(api.db, ada.id ?? "");
    const answer = await post(body(id, json));
    expect([field, answer]).toMatchObject([field, { status, body: { errors: [error] } }]);
    expect(answer.body.data?.[field] ?? null).toBeNull();
    expect([await storedSession(api.db, id), await history(api.db, id)]).toEqual(before);
    expect(await countSessions(api.db, ada.id ?? "")).toBe(count);
  }
}

const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`;
const invalid = (message: string) => ({
  message: expect.stringContaining(message),
  extensions: { code: "INVALID_INPUT" },
});

describe("every API stores exactly", () => {
  it.each([
    ["100 levels", nested(100)],
    ["100 levels of arrays", `{"a":${"[".repeat(99)}${"]".repeat(99)}}`],
    ["10,000 keys", JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`key ${n}`, n])))],
    [
      "characters of every plane, in keys too",
      '{"𝄞 ключ 🗝":"👩‍👩‍👧 \\ud834\\udd1e","\\ud83d\\udc4d":"\\u2028\\uffff"}',
    ],
    ["composed and decomposed, as two keys", '{"\\u00e9":"\\u00e9","e\\u0301":"e\\u0301","\\u212b":"\\u212b","ﬁ":"ﬁ"}'],
    ["right to left, joiners and marks", '{"\\u202eشكر\\u202c":"\\u200fשלום\\u200e\\u200b\\ufeff"}'],
    ["control characters", '{"\\u0001\\u001f":"\\u0001\\b\\f\\n\\r\\t\\u007f"}'],
    [
      "names of JavaScript's own",
      '{"__proto__":{"a":1},"constructor":{"prototype":{"b":2}},"toString":"c","hasOwnProperty":0,"length":1,"then":{}}',
    ],
    ["an empty key, and keys of pointers", '{"":{"":{"":1}},"/":1,"~":2,"~1":3,"a/b":{"c~d":4},"0":[{"0":5}],"#":6}'],
    [
      "numbers as far as a double holds them",
      '{"n":[9007199254740992,123456789012345680000,1.7976931348623157e308,5e-324,-0.30000000000000004,1.50,1E+2]}',
    ],
    ["minus zero, as zero", '{"n":[0,0.0]}'],
    ["what looks like SQL, numbers or escapes", `{"'; drop table x; --":"$1 \\\\u0000 %s {} 1e400 \\\\ud83d"}`],
    ["empty things", '{"a":{},"b":[],"c":"","d":[{}],"e":[[]],"f":[null]}'],
  ])("%s", async (_, json) => {
    await expectKept(json);
  });

  it("the last of equal keys, as JSON.parse and jsonb do", async () => {
    const id = await newSession();
    const { body } = await post(saving(id, 0, '{"a":1,"b":{"c":1,"c":2},"a":{"d":3}}'));
    expect(body.data.saveWizardSession.wizardSession.state).toEqual({ a: { d: 3 }, b: { c: 2 } });
  });

  it("minus zero as 0, which is the same number", async () => {
    const id = await newSession();
    const { body } = await post(saving(id, 0, '{"a":-0,"b":[-0.0]}'));
    expect(body.data.saveWizardSession.wizardSession.state).toEqual({ a: 0, b: [0] });
  });
});

describe("every API refuses without writing anything", () => {
  it.each([
    ["101 levels", nested(101)],
    ["5,000 levels", nested(5_000)],
    ["50,000 levels", nested(50_000)],
    ["an array", "[]"],
    ["an array of patches", '[{"a":1}]'],
    ["a number", "1"],
    ["true", "true"],
    ["a text", '"{}"'],
    ["U+0000 in a value", '{"a":"x\\u0000y"}'],
    ["U+0000 in a key", '{"a":{"x\\u0000y":1}}'],
  ])("%s", async (_, json) => {
    await expectRefused(json, 200, invalid(""));
  });

  // The schema refuses it if the field is required; otherwise the table does.
  it("null", async () => {
    await expectRefused("null", expect.any(Number), { extensions: { code: "INVALID_INPUT" } });
  });

  it.each([
    ["1e400", "The number 1e400 can't"],
    ["-1E400", "The number -1E400 can't"],
    ["1e-400", "The number 1e-400 can't"],
    ["12345678901234567890", "The number 12345678901234567890 can't"],
    ["0.1234567890123456789012", "send it as a string"],
    ['"\\ud800"', "unpaired surrogate"],
    ['"\\udc4d\\ud83d"', "unpaired surrogate"],
    ['{"\\ud83d":1}', "unpaired surrogate"],
  ])("%s anywhere", async (json, message) => {
    await expectRefused(`{"a":{"b":[1,${json}]}}`, 400, invalid(message));
  });

  it.each([
    ["text after the end", '{"a":1} {"b":2}'],
    ["NaN", '{"a":NaN}'],
    ["a number with a plus", '{"a":+1}'],
    ["a bare control character", '{"a":"\n"}'],
  ])("invalid JSON: %s", async (_, json) => {
    await expectRefused(json, 400, invalid("The request is not valid JSON."));
  });

  // PostgreSQL writes a space after each colon and comma, and 309 digits for 1e308.
  it.each([
    ["bytes", '"x"'],
    ["characters of two bytes", '"é\\u00e9e\\u0301"'],
    ["escapes that are written as such", '"\\u0001\\n\\""'],
    ["numbers that are written out", "[1e308,5e-324]"],
  ])("one byte more than 256 KiB of PostgreSQL's text, made of %s", async (_, value) => {
    const { rows } = await api.db.root.query<{ bytes: number }>("select octet_length($1::jsonb::text) as bytes", [
      `{"value":${value},"fill":""}`,
    ]);
    const stateOf = (bytes: number) => `{"value":${value},"fill":"${"x".repeat(bytes - singleRow(rows).bytes)}"}`;
    await expectKept(stateOf(LIMIT));
    const extensions = { code: "STATE_TOO_LARGE", bytes: LIMIT + 1, limit: LIMIT };
    await expectRefused(stateOf(LIMIT + 1), 200, { extensions });
  });

  it("a small patch that makes a state too large", async () => {
    const id = await newSession({ a: "x".repeat(LIMIT / 2) });
    const before = [await storedSession(api.db, id), await history(api.db, id)];
    const { body } = await post(saving(id, 0, `{"b":"${"y".repeat(LIMIT / 2)}"}`));
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: "STATE_TOO_LARGE", limit: LIMIT });
    expect([await storedSession(api.db, id), await history(api.db, id)]).toEqual(before);
  });

  it("invalid UTF-8 and other encodings", async () => {
    const id = await newSession();
    const [before, after] = saving(id, 0, '{"a":"…"}').split("…") as [string, string];
    const bytes = Buffer.concat([Buffer.from(before), Buffer.from([0xed, 0xa0, 0xbd]), Buffer.from(after)]);
    expect(await post(bytes)).toMatchObject({ status: 400, body: { errors: [invalid("not valid UTF-8")] } });
    const wide = Buffer.from(saving(id, 0, '{"a":1}'), "utf16le");
    expect(await post(wide, "application/json; charset=utf-16le")).toMatchObject({
      status: 415,
      body: { errors: [invalid("UTF-8")] },
    });
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 0, state: {} });
  });

  it.each(["application/json ; charset=UTF-8", "application/json; =", "application/json\u00a0"])(
    "a number that can't be kept, as %j too",
    async (type) => {
      const id = await newSession();
      const { status } = await post(saving(id, 0, '{"a":1e400}'), type);
      expect([400, 415]).toContain(status);
      expect(await storedSession(api.db, id)).toMatchObject({ revision: 0, state: {} });
    },
  );
});

describe("a literal in the document", () => {
  const inline = (id: string, patch: string) =>
    `mutation { saveWizardSession(input: { id: "${id}", saveId: "${randomUUID()}", baseRevision: 0, patch: ${patch} }) {
      wizardSession { state } } }`;
  const sendInline = (id: string, patch: string) => post(JSON.stringify({ query: inline(id, patch) }));

  it("is stored exactly", async () => {
    const id = await newSession();
    const patch =
      '{ __proto__: { a: 1.50 }, constructor: [{ b: "\\u{1f44d}é\\ud834\\udd1e" }], n: 9007199254740992, e: 1E2 }';
    const { body } = await sendInline(id, patch);
    expect(JSON.stringify(body.data.saveWizardSession.wizardSession.state)).toContain('"__proto__":{"a":1.5}');
    expect(await storedSession(api.db, id)).toMatchObject({ state: { n: 9007199254740992, e: 100 } });
    const bare = await post(inline(await newSession(), '{ a: "é" }'), "application/graphql");
    expect(bare.body.data.saveWizardSession.wizardSession.state).toEqual({ a: "é" });
  });

  it("is refused as the default of a variable too", async () => {
    const id = await newSession();
    const query = inline(id, "{ a: $a }").replace("mutation", "mutation ($a: JSON = { b: 1e400 })");
    expect(await post(JSON.stringify({ query }))).toMatchObject({ status: 400, body: { errors: [invalid("1e400")] } });
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 0, state: {} });
  });

  it.each([
    ["a number too large", "{ a: 1e400 }", "The number 1e400 can't"],
    ["a number too long", "{ a: [{ b: 12345678901234567890 }] }", "The number 12345678901234567890 can't"],
    ["a fraction too long", "{ a: 0.1234567890123456789012 }", "The number 0.1234567890123456789012 can't"],
    ["an unpaired surrogate", '{ a: "\\ud83d" }', "Syntax Error"],
    ["an unpaired surrogate in braces", '{ a: "\\u{d83d}" }', "Syntax Error"],
    ["a key twice", "{ a: 1, a: 2 }", 'only one input field named "a"'],
    ["5,000 levels", `{ a: ${"[".repeat(5_000)}${"]".repeat(5_000)} }`, ""],
    ["100,000 levels", `{ a: ${"[".repeat(100_000)}${"]".repeat(100_000)} }`, ""],
  ])("is refused without writing anything: %s", async (_, patch, message) => {
    const id = await newSession();
    for (const [body, type] of [
      [JSON.stringify({ query: inline(id, patch) }), "application/json"],
      [inline(id, patch), "application/graphql"],
    ] as const) {
      expect(await post(body, type)).toMatchObject({ body: { errors: [invalid(message)] } });
    }
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 0, state: {} });
  });
});

it("conflicts have pointers for keys of every kind", async () => {
  const keys = [
    "",
    "/",
    "a/b",
    "m~n",
    "~1",
    "__proto__",
    "constructor",
    "toString",
    "0",
    "😀",
    "e\u0301",
    "\u00e9",
    " ",
  ];
  const patchOf = (value: number) => JSON.stringify({ at: Object.fromEntries(keys.map((key) => [key, value])) });
  const id = await newSession();
  await post(saving(id, 0, patchOf(1)));
  const stored = await storedSession(api.db, id);
  const { outcome, conflicts } = (await post(saving(id, 0, patchOf(2)))).body.data.saveWizardSession;
  expect(outcome).toBe("CONFLICT");
  expect(
    conflicts.toSorted((a: { pointer: string }, b: { pointer: string }) => (a.pointer < b.pointer ? -1 : 1)),
  ).toEqual(
    keys
      .map((key) => `/at/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`)
      .toSorted()
      .map((pointer) => ({ pointer, base: null, yours: 2, theirs: 1 })),
  );
  expect(await storedSession(api.db, id)).toEqual(stored);
});

it("10,000 changed keys are merged with 10,000 others, and conflict with themselves", async () => {
  const wide = (prefix: string, value: number) =>
    JSON.stringify({ at: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`${prefix}${n}`, value])) });
  const id = await newSession();
  await post(saving(id, 0, wide("a", 1)));
  expect((await post(saving(id, 0, wide("b", 2)))).body.data.saveWizardSession.outcome).toBe("MERGED");
  const { outcome, conflicts } = (await post(saving(id, 0, wide("a", 3)))).body.data.saveWizardSession;
  expect([outcome, conflicts.length]).toEqual(["CONFLICT", 10_000]);
  expect(await storedSession(api.db, id)).toMatchObject({ revision: 2 });
});

// Any well-formed text, and keys with a special meaning somewhere.
const texts = fc.string({ unit: "binary", maxLength: 8 });
const keys = fc.oneof(texts, fc.constantFrom("a", "b", "", "/", "~0", "__proto__", "constructor", "toString", "0"));
const { value: values } = fc.letrec<{ value: unknown; object: object }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 5 },
    texts,
    fc.constantFrom(null, true, false, {}),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.array(tie("value"), { maxLength: 3 }),
    { weight: 3, arbitrary: tie("object") },
  ),
  // Object.fromEntries creates an own key "__proto__" too.
  object: fc.array(fc.tuple(keys, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
}));
const anyJson = fc.oneof({ weight: 3, arbitrary: values }, fc.jsonValue({ stringUnit: "binary" }));

it("any JSON value is merged as RFC 7396 says and can be read at every revision, or is refused without writing anything", async () => {
  const AT = `query ($id: UUID!, $revision: Int!) { wizardSessionAt(id: $id, revision: $revision) { state } }`;
  const REVISIONS = "query ($id: UUID!) { wizardSession(id: $id) { state revisions { totalCount } } }";
  const ask = async (query: string, variables: object) =>
    (await post(request(query, JSON.stringify(variables)))).body.data;
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(anyJson, { minLength: 1, maxLength: 4 }), async (patches) => {
      const id = await newSession();
      const states: unknown[] = [{}];
      for (const json of patches.map((patch) => JSON.stringify(patch))) {
        const patch: unknown = JSON.parse(json);
        const { data, errors } = (await post(saving(id, states.length - 1, json))).body;
        const refused = patch === null || typeof patch !== "object" || Array.isArray(patch) || json.includes("\\u0000");
        seen.add(refused ? "refused" : "saved");
        if (refused) {
          expect(errors).toMatchObject([{ extensions: { code: "INVALID_INPUT" } }]);
          continue;
        }
        expect(errors).toBeUndefined();
        states.push(applyPatch(states.at(-1), patch));
        const { outcome, wizardSession } = data.saveWizardSession;
        expect([outcome, wizardSession.revision]).toEqual(["SAVED", states.length - 1]);
        expect(isDeepStrictEqual(wizardSession.state, states.at(-1))).toBe(true);
      }
      const { state, revisions } = (await ask(REVISIONS, { id })).wizardSession;
      expect(revisions.totalCount).toBe(states.length);
      expect(isDeepStrictEqual(state, states.at(-1))).toBe(true);
      for (const [revision, expected] of states.entries()) {
        const at = (await ask(AT, { id, revision })).wizardSessionAt;
        expect(isDeepStrictEqual(at.state, expected)).toBe(true);
      }
    }),
    { numRuns: 150 },
  );
  expect(seen.size).toBe(2);
});
