import { expect, it } from "@jest/globals";
import { storedSession } from "../../../testkit/rows.ts";
import { createSession, updateSession } from "../../../testkit/sessions.ts";
import { until } from "../../../testkit/until.ts";
import { ADA } from "../support/site.ts";
import { useTestPage } from "./page.ts";

const visit = useTestPage();
const FORTY = "The summer party of the old mill in May!";
const A_FEW = 2;

/** Opens a new session and notes from then on what a screen reader is told by itself. */
async function listen(): Promise<{ readonly id: string; told(): Promise<string[]> }> {
  const { id } = await createSession(visit.ada);
  await visit.signIn(ADA);
  await visit.open(`/sessions/${id}`);
  await visit.page.getByRole("heading", { name: "Basics" }).waitFor();
  await visit.page.evaluate(() => {
    const told: string[] = [];
    Object.assign(window, { told });
    let last = "";
    new MutationObserver(() => {
      const live = document.querySelectorAll("[aria-live]:not([aria-live=off]), [role=status], [role=alert], output");
      const words = [...live].map((element) => element.textContent).join(" / ");
      if (words !== last && words !== "") told.push(words);
      last = words;
    }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
  });
  return { id, told: () => visit.page.evaluate("told") };
}

it("has a polite line that says what became of what was typed, and is there from the beginning", async () => {
  await listen();
  const line = visit.page.getByRole("status");
  expect(await line.count()).toBe(1);
  expect(await line.getAttribute("aria-live")).toBe("polite");
});

it("does not chatter while somebody types, and says in the end that it is saved", async () => {
  const { id, told } = await listen();
  await visit.page.getByRole("textbox", { name: "Title" }).focus();
  // Slowly enough for several saves in between.
  await visit.page.keyboard.type(FORTY, { delay: 120 });
  const title = async () => (await storedSession(visit.api.db, id))?.state;
  await until(async () => JSON.stringify(await title()).includes(FORTY), "save of what was typed");
  await until(async () => (await told()).at(-1) === "Saved", "word that it is saved");
  expect((await told()).length).toBeLessThanOrEqual(A_FEW);
});

it("says without being asked that the connection is gone, and that all is saved again", async () => {
  const { told } = await listen();
  await visit.page.context().setOffline(true);
  await visit.page.getByRole("textbox", { name: "Title" }).fill("Kept");
  await until(async () => /kept on this device/i.test((await told()).at(-1) ?? ""), "word that it is kept");
  await visit.page.context().setOffline(false);
  await until(async () => (await told()).at(-1) === "Saved", "word that it is saved");
  // It may have been told before that what was opened is saved.
  const afterThat = (await told()).slice((await told())[0] === "Saved" ? 1 : 0);
  expect(afterThat).toEqual([expect.stringMatching(/kept on this device/i), "Saved"]);
});

it("names a field and its problem together, also when its stage was left in an earlier visit", async () => {
  const { id } = await createSession(visit.ada, { stage: 2, state: { basics: { organizerEmail: "nobody" } } });
  await visit.signIn(ADA);
  await visit.open(`/sessions/${id}`);
  await visit.page.getByRole("button", { name: "Back" }).click();
  const field = visit.page.getByRole("textbox", { name: "Organizer's e-mail" });
  await visit.page.locator("input[aria-invalid=true]").first().waitFor();
  expect(await field.getAttribute("aria-invalid")).toBe("true");
  const described = await field.evaluate((element) =>
    (element.getAttribute("aria-describedby") ?? "")
      .split(" ")
      .map((part) => document.getElementById(part)?.textContent),
  );
  expect(described.join(" ")).toMatch(/e-mail/i);
  expect(await visit.page.getByRole("textbox", { name: "Title" }).getAttribute("required")).not.toBeNull();
});

it("has a title of its own for every page", async () => {
  const { id } = await createSession(visit.ada);
  await updateSession(visit.ada, id, { state: { basics: { title: "Fête" } } });
  await visit.open("/");
  await until(async () => (await visit.page.title()) === "Sign in · Stagekeep", "title to sign in");
  await visit.signIn(ADA);
  await visit.open("/");
  await until(async () => (await visit.page.title()) === "Your events · Stagekeep", "title of the list");
  await visit.open(`/sessions/${id}`);
  await until(async () => (await visit.page.title()) === "Fête · Stagekeep", "title of the event");
  expect(await visit.page.locator("html").getAttribute("lang")).toBe("en");
});
