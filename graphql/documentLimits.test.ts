import { beforeAll, describe, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../testkit/api.ts";

const api = useTestApi();
let ada: Caller;
beforeAll(async () => {
  ada = await api.user();
});

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i)).join(" ");

const allowed = (document: string, variables?: Record<string, unknown>) =>
  expect(ada.ask(document, variables)).resolves.toBeDefined();

async function refused(document: string, message: string, variables?: Record<string, unknown>) {
  expect(await ada.refused(document, variables)).toMatchObject({ message, extensions: { code: "INVALID_INPUT" } });
}

describe("a document", () => {
  it("can have at most 20 fields at its root, each alias counted", async () => {
    const document = (count: number) => `{ ${times(count, (i) => `a${i}: __typename`)} }`;
    await allowed(document(20));
    await refused(
      document(21),
      "The operation asks for 21 fields at its root; the limit is 20. Split it into several operations.",
    );
  });

  it("can have at most 500 fields, those of a fragment counted at each use", async () => {
    // 20 lists with enough fields each to make 500 together.
    const document = (last: number) => `
      { ${times(19, (i) => `a${i}: wizardSessions(first: 1) { ...Page }`)} z: wizardSessions(first: 1) { ${times(last, (i) => `b${i}: totalCount`)} } }
      fragment Page on WizardSessionConnection { ${times(24, (i) => `c${i}: totalCount`)} }`;
    await allowed(document(24));
    await refused(
      document(25),
      "The operation asks for 501 fields; the limit is 500. Split it into several operations.",
    );
  });

  it("can be at most 16 levels deep", async () => {
    const document = (levels: number) =>
      `{ __schema { types { ${"ofType { ".repeat(levels - 3)} name ${"} ".repeat(levels - 3)} } } }`;
    await allowed(document(16));
    await refused(
      document(17),
      "The operation asks for 17 levels of fields; the limit is 16. Split it into several operations.",
    );
  });

  it("can ask for at most 5,000 rows, a nested list counted for each outer row", async () => {
    const document = (outer: string, inner: string) =>
      `query ($size: Int) { profile(id: "${ada.id}") { events(first: $size) { totalCount } }
         wizardSessions(${outer}) { nodes { user { events(${inner}) { nodes { id } } } } } }`;
    // 50 rows, 50 times 97 rows, and a size in a variable, which counts as the maximum.
    await allowed(document("first: 50", "last: 97"), { size: 1 });
    await refused(
      document("first: 50", "first: 98"),
      "The operation asks for 5050 rows; the limit is 5000. Request smaller pages with `first`.",
      { size: 1 },
    );
  });

  it("can ask for at most 200 states", async () => {
    const document = (count: number) => `
      { wizardSessions(first: 20) { nodes { ...States } } }
      fragment States on WizardSession { ${times(count, (i) => `s${i}: state`)} }`;
    await allowed(document(10));
    await refused(
      document(11),
      "The operation asks for 220 states or other large values; the limit is 200. Request smaller pages with `first`, or each value only once.",
    );
  });

  it("can ask for exportMyData or a page of it once, without any state", async () => {
    const message = (count: number) =>
      `The operation asks for ${count} states or other large values; the limit is 200. Request smaller pages with \`first\`, or each value only once.`;
    await allowed("{ exportMyData wizardSessions { nodes { id } } }");
    await refused("{ a: exportMyData b: exportMyData(history: false) }", message(400));
    await allowed("{ exportMyDataPage { rows next } }");
    await refused("{ exportMyData exportMyDataPage { rows } }", message(400));
    await refused("{ exportMyData wizardSessions(first: 1) { nodes { state } } }", message(201));
  });

  it("can ask for at most 200 values computed from a state", async () => {
    const document = (size: number) =>
      `{ wizardSessions(first: ${size}) { nodes { state problems { code } progress { number } } } }`;
    await allowed(document(66));
    await refused(
      document(67),
      "The operation asks for 201 states or other large values; the limit is 200. Request smaller pages with `first`, or each value only once.",
    );
  });

  it.each([
    [
      "descriptions of events",
      (count: number) => `{ events(first: 50) { nodes { ${times(count, (i) => `d${i}: description`)} } } }`,
    ],
    [
      "descriptions of a session's event",
      (count: number) => `{ wizardSessions { nodes { event { ${times(count, (i) => `d${i}: description`)} } } } }`,
    ],
    [
      "descriptions of published events",
      (count: number) => `
        { ${times(10, (i) => `e${i}: publishedEvent(slug: "none") { ...Text }`)} }
        fragment Text on PublishedEvent { ${times(count * 5, (i) => `d${i}: description`)} }`,
    ],
    [
      "lists of changed paths",
      (count: number) => `
        { wizardSession(id: "${ada.id}") { revisions(first: 50) { nodes { ${times(count, (i) => `p${i}: changedPaths`)} } } } }`,
    ],
  ])("can ask for at most 200 %s", async (_, document) => {
    await allowed(document(4));
    await refused(
      document(5),
      "The operation asks for 250 states or other large values; the limit is 200. Request smaller pages with `first`, or each value only once.",
    );
  });

  it("can ask for at most 20,000 values, a list of unknown size counted as 100", async () => {
    const message = (count: number) =>
      `The operation asks for ${count} values; the limit is 20000. Request smaller pages with \`first\`, or fewer fields.`;
    const links = (count: number) =>
      `{ events(first: 100) { nodes { ${times(count, (i) => `u${i}: coverImageUrl`)} } } }`;
    await allowed(links(200));
    await refused(links(201), message(20_100));
    const names = (count: number) =>
      `{ publishedEvent(slug: "none") { tickets { ${times(count, (i) => `n${i}: name`)} } } }`;
    await allowed(names(200));
    await refused(names(201), message(20_100));
  });

  it("is refused to anonymous callers too", async () => {
    const document = `{ events(first: 100) { nodes { ${times(120, (i) => `d${i}: description`)} } } }`;
    expect((await api.anon().refused(document)).extensions).toEqual({ code: "INVALID_INPUT" });
  });

  it("can contain at most 500 operations and fragments, nested in each other", async () => {
    const document = (count: number) =>
      `{ ...F1 } ${times(count - 2, (i) => `fragment F${i + 1} on Query { ...F${i + 2} }`)} fragment F${count - 1} on Query { __typename }`;
    await allowed(document(500));
    expect((await ada.answer(document(501))) as object).toMatchObject({
      errors: expect.arrayContaining([
        {
          message: "A document can contain at most 500 operations and fragments. Send fewer.",
          extensions: { code: "INVALID_INPUT" },
        },
      ]),
    });
  });

  it("can't negate a filter, because nested negations take long to build", async () => {
    const { extensions } = await ada.refused(
      "{ wizardSessions(filter: { not: { stage: { equalTo: 1 } } }) { totalCount } }",
    );
    expect(extensions).toEqual({ code: "INVALID_INPUT" });
  });
});
