import { expect, it } from "@jest/globals";
import { storedSession } from "../../../testkit/rows.ts";
import { createSession, updateSession } from "../../../testkit/sessions.ts";
import { until } from "../../../testkit/until.ts";
import { ADA } from "../support/site.ts";
import { useTestPage } from "./testPage.ts";

const visit = useTestPage();
const FORTY_CHARACTERS = "The summer party of the old mill in May!";
const MAX_ANNOUNCEMENTS = 2;

/** Opens a new draft and records what screen readers announce from then on. */
async function listen(): Promise<{ readonly id: string; announced(): Promise<string[]> }> {
  const { id } = await createSession(visit.ada);
  await visit.signIn(ADA);
  await visit.open(`/sessions/${id}`);
  await visit.page.getByRole("heading", { name: "Basics" }).waitFor();
  await visit.page.evaluate(() => {
    const announced: string[] = [];
    Object.assign(window, { announced });
    let last = "";
    new MutationObserver(() => {
      const live = document.querySelectorAll("[aria-live]:not([aria-live=off]), [role=status], [role=alert], output");
      const words = [...live].map((element) => element.textContent).join(" / ");
      if (words !== last && words !== "") announced.push(words);
      last = words;
    }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
  });
  return { id, announced: () => visit.page.evaluate("announced") };
}

it("has a polite live region for the save status from the start", async () => {
  await listen();
  const line = visit.page.getByRole("status");
  expect(await line.count()).toBe(1);
  expect(await line.getAttribute("aria-live")).toBe("polite");
});

it('announces little while the user types, and "Saved" at the end', async () => {
  const { id, announced } = await listen();
  await visit.page.getByRole("textbox", { name: "Title" }).focus();
  // Slow enough for several saves.
  await visit.page.keyboard.type(FORTY_CHARACTERS, { delay: 120 });
  const title = async () => (await storedSession(visit.api.db, id))?.state;
  await until(async () => JSON.stringify(await title()).includes(FORTY_CHARACTERS), "save of what was typed");
  await until(async () => (await announced()).at(-1) === "Saved", "announcement of the save");
  expect((await announced()).length).toBeLessThanOrEqual(MAX_ANNOUNCEMENTS);
});

it("announces that the connection is lost, and that everything is saved again", async () => {
  const { announced } = await listen();
  await visit.page.context().setOffline(true);
  await visit.page.getByRole("textbox", { name: "Title" }).fill("Kept");
  await until(
    async () => /kept on this device/i.test((await announced()).at(-1) ?? ""),
    "announcement that changes are kept",
  );
  await visit.page.context().setOffline(false);
  await until(async () => (await announced()).at(-1) === "Saved", "announcement of the save");
  // "Saved" may have been announced when the draft was opened.
  const afterThat = (await announced()).slice((await announced())[0] === "Saved" ? 1 : 0);
  expect(afterThat).toEqual([expect.stringMatching(/kept on this device/i), "Saved"]);
});

it("describes a field by its problem, also if its stage was left in an earlier visit", async () => {
  const { id } = await createSession(visit.ada, { stage: 2, state: { basics: { organizerEmail: "not-an-address" } } });
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

it("gives every page its own title", async () => {
  const { id } = await createSession(visit.ada);
  await updateSession(visit.ada, id, { state: { basics: { title: "Fête" } } });
  await visit.open("/");
  await until(async () => (await visit.page.title()) === "Sign in · Stagekeep", "title of the sign-in page");
  await visit.signIn(ADA);
  await visit.open("/");
  await until(async () => (await visit.page.title()) === "Your events · Stagekeep", "title of the list");
  await visit.open(`/sessions/${id}`);
  await until(async () => (await visit.page.title()) === "Fête · Stagekeep", "title of the event");
  expect(await visit.page.locator("html").getAttribute("lang")).toBe("en");
});
