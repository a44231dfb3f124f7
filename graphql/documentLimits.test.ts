import { beforeAll, describe, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../db/tests/support/api.ts";

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
  it("has 20 fields at its root at the most, each alias by itself", async () => {
    const document = (count: number) => `{ ${times(count, (i) => `a${i}: __typename`)} }`;
    await allowed(document(20));
    await refused(document(21), "At most 20 are answered at once, and this asks for 21 fields at its root.");
  });

  it("has 500 fields in all at the most, those of a fragment wherever it is used", async () => {
    // 20 lists, each with its page and as many fields as it takes, which make 500 together.
    const document = (last: number) => `
      { ${times(19, (i) => `a${i}: wizardSessions { ...Page }`)} z: wizardSessions { ${times(last, (i) => `b${i}: totalCount`)} } }
      fragment Page on WizardSessionConnection { ${times(24, (i) => `c${i}: totalCount`)} }`;
    await allowed(document(24));
    await refused(document(25), "At most 500 are answered at once, and this asks for 501 fields in all.");
  });

  it("is 16 levels deep at the most", async () => {
    const document = (levels: number) =>
      `{ __schema { types { ${"ofType { ".repeat(levels - 3)} name ${"} ".repeat(levels - 3)} } } }`;
    await allowed(document(16));
    await refused(document(17), "At most 16 are answered at once, and this asks for 17 levels of fields.");
  });

  it("can be answered by 5,000 rows at the most, a list in a list counted for each row around it", async () => {
    const document = (outer: string, inner: string) =>
      `query ($size: Int) { profile(id: "${ada.id}") { events(first: $size) { totalCount } }
         wizardSessions(${outer}) { nodes { user { events(${inner}) { nodes { id } } } } } }`;
    // 50 rows, 50 times 97, and a size that only the variables know, which counts as the largest.
    await allowed(document("first: 50", "last: 97"), { size: 1 });
    await refused(
      document("first: 50", "first: 98"),
      "At most 5000 are answered at once, and this asks for 5050 rows; name smaller pages with `first`.",
      { size: 1 },
    );
  });

  it("can be answered by 200 states at the most", async () => {
    const document = (count: number) => `
      { wizardSessions(first: 20) { nodes { ...States } } }
      fragment States on WizardSession { ${times(count, (i) => `s${i}: state`)} }`;
    await allowed(document(10));
    await refused(
      document(11),
      "At most 200 are answered at once, and this asks for 220 states or other values of the type JSON; name smaller pages with `first`, or ask for them once.",
    );
  });

  it("can ask for everything about the caller three times at the most, which counts as 64 states", async () => {
    const document = (count: number, states = "") =>
      `{ ${times(count, (i) => `e${i}: exportMyData(history: ${i % 2 === 0})`)} ${states} }`;
    await allowed(document(3, "wizardSessions(first: 8) { nodes { state } }"));
    const message = (count: number) =>
      `At most 200 are answered at once, and this asks for ${count} states or other values of the type JSON; name smaller pages with \`first\`, or ask for them once.`;
    await refused(document(3, "wizardSessions(first: 9) { nodes { state } }"), message(201));
    await refused(document(4), message(256));
  });

  it("can ask for 200 times what has to be worked out from a state at the most", async () => {
    const document = (size: number) =>
      `{ wizardSessions(first: ${size}) { nodes { state problems { code } progress { number } } } }`;
    await allowed(document(66));
    await refused(
      document(67),
      "At most 200 are answered at once, and this asks for 201 states or other values of the type JSON; name smaller pages with `first`, or ask for them once.",
    );
  });

  it("has 500 operations and fragments at the most, one within the other", async () => {
    const document = (count: number) =>
      `{ ...F1 } ${times(count - 2, (i) => `fragment F${i + 1} on Query { ...F${i + 2} }`)} fragment F${count - 1} on Query { __typename }`;
    await allowed(document(500));
    expect((await ada.answer(document(501))) as object).toMatchObject({
      errors: expect.arrayContaining([
        { message: "At most 500 operations and fragments can be sent at once.", extensions: { code: "INVALID_INPUT" } },
      ]),
    });
  });

  it("can't negate a filter, which takes long to build within another", async () => {
    const { extensions } = await ada.refused(
      "{ wizardSessions(filter: { not: { stage: { equalTo: 1 } } }) { totalCount } }",
    );
    expect(extensions).toEqual({ code: "INVALID_INPUT" });
  });
});
