import { expect, it } from "@jest/globals";
import { completeState } from "../../../testkit/events.ts";
import { createSession, readSession, updateSession } from "../../../testkit/sessions.ts";
import { until } from "../../../testkit/until.ts";
import { ADA } from "../support/site.ts";
import { focusedOn, tabTo, walkThrough } from "./keyboard.ts";
import { useTestPage } from "./testPage.ts";

const visit = useTestPage();
const press = (key: string) => visit.page.keyboard.press(key);
const type = (text: string) => visit.page.keyboard.type(text);
const dialog = (name: string) => visit.page.getByRole("dialog", { name });
const saved = () => visit.page.locator("[data-testid=save-status][data-phase=saved]").waitFor();
const idShown = () => new URL(visit.page.url()).pathname.split("/")[2] ?? "";

it("leads from signing in to the second stage", async () => {
  const { page } = visit;
  await visit.open("/");
  await page.getByRole("button", { name: "Sign in as Ada" }).waitFor();
  await tabTo(page, "Sign in as Ada");
  await press("Enter");

  await page.getByRole("heading", { name: "Your events" }).waitFor();
  await focusedOn(page, /^Your events/);
  // Leaving the list while it loads would abort its request, which counts as an error.
  await page.getByText("You have no events yet").waitFor();
  await tabTo(page, "New event");
  await press("Enter");

  await page.getByRole("heading", { name: "Basics" }).waitFor();
  await focusedOn(page, /^Untitled/);
  await tabTo(page, "Title");
  await type("Fête");
  await tabTo(page, "Category");
  await type("Film");
  await tabTo(page, "Organizer");
  await type("Ada's friends");
  await saved();
  await tabTo(page, "Next");
  await press("Enter");

  await focusedOn(page, "Date and time");
  await tabTo(page, "Time zone");
  await type("Vienna");
  await page.getByRole("option", { name: "Europe/Vienna" }).waitFor();
  await press("ArrowDown");
  await press("Enter");
  await focusedOn(page, "Time zone");
  await until(async () => (await readSession(visit.ada, idShown()))?.stage === 2, "save of the second stage");
  await until(async () => {
    const { state } = (await readSession(visit.ada, idShown())) ?? {};
    return JSON.stringify(state).includes("Vienna");
  }, "save of the zone");
  expect(await readSession(visit.ada, idShown())).toMatchObject({
    stage: 2,
    state: {
      basics: { title: "Fête", category: "film", organizerName: "Ada's friends" },
      schedule: { timezone: "Europe/Vienna" },
    },
  });
  expect(visit.errors).toEqual([]);
});

async function openSession(session: object = {}): Promise<string> {
  const { id } = await createSession(visit.ada, session);
  await visit.signIn(ADA);
  await visit.open(`/sessions/${id}`);
  await visit.page.getByRole("heading", { name: "Basics" }).waitFor();
  return id;
}

it("skips to the main content", async () => {
  await openSession();
  await tabTo(visit.page, "Skip to content");
  await press("Enter");
  await tabTo(visit.page, "History");
});

it("keeps the focus in the history until Escape closes it, then returns it to the button", async () => {
  const { page } = visit;
  const id = await openSession();
  await updateSession(visit.ada, id, { state: { basics: { title: "One" } } });
  await tabTo(page, "History");
  await press("Enter");
  await page.getByText("Save 1 · Stage 1").waitFor();
  await focusedOn(page, "Close history");
  await tabTo(page, "Show changes of save 1");
  await press("Enter");
  await page.getByLabel("Changes of save 1", { exact: true }).waitFor();
  // The focus wraps around inside the drawer.
  await tabTo(page, "Close history");
  await press("Escape");
  await dialog("History").waitFor({ state: "detached" });
  await focusedOn(page, "History");
  expect(visit.errors).toEqual([]);
});

it("resolves a conflict", async () => {
  const { page } = visit;
  const id = await openSession({ state: { basics: { title: "Before" } } });
  let raced = false;
  await page.route("**/graphql", async (route, request) => {
    if (!raced && request.postData()?.includes("SaveWizardSession")) {
      raced = true;
      await updateSession(visit.ada, id, { state: { basics: { title: "Theirs" } } });
    }
    await route.continue();
  });
  await tabTo(page, "Title");
  await press("End");
  await type(" mine");
  await page.getByRole("alert").getByRole("button", { name: "Choose now" }).waitFor();

  // The conflict does not move the focus.
  await focusedOn(page, "Title");
  await type(" and more");
  expect(await page.getByRole("textbox", { name: "Title" }).inputValue()).toBe("Before mine and more");
  await tabTo(page, "Choose now", "Shift+Tab");
  await press("Enter");
  await dialog("Choose what to keep").waitFor();

  // Escape closes the dialog without a choice, and the button to open it again is still there.
  await press("Escape");
  await dialog("Choose what to keep").waitFor({ state: "detached" });
  await focusedOn(page, "Choose now");
  await press("Enter");
  await dialog("Choose what to keep").waitFor();
  await tabTo(page, /^Mine/);
  await press("Space");
  await tabTo(page, "Save my choice");
  await press("Enter");
  await dialog("Choose what to keep").waitFor({ state: "detached" });
  await saved();
  await until(async () => (await readSession(visit.ada, id))?.revision === 2, "save of the choice");
  expect(await readSession(visit.ada, id)).toMatchObject({ state: { basics: { title: "Before mine and more" } } });
  await focusedOn(page, "Basics");
  expect(visit.errors).toEqual([]);
});

it("deletes a draft after a confirmation, and keeps it after Escape", async () => {
  const { page } = visit;
  const { id } = await createSession(visit.ada, { state: { basics: { title: "To go" } } });
  await visit.signIn(ADA);
  await visit.open("/");
  await page.getByRole("button", { name: "Delete To go" }).waitFor();
  await tabTo(page, "Delete To go");
  await press("Enter");
  await focusedOn(page, "Cancel");
  await press("Escape");
  await dialog("Delete this draft?").waitFor({ state: "detached" });
  await focusedOn(page, "Delete To go");
  expect(await readSession(visit.ada, id)).not.toBeNull();
  await press("Enter");
  await tabTo(page, "Delete");
  await press("Enter");
  await page.getByRole("button", { name: "Delete To go" }).waitFor({ state: "detached" });
  await focusedOn(page, "Your events");
  expect(await readSession(visit.ada, id)).toBeNull();
});

it("leads from the list of problems to a field", async () => {
  const { page } = visit;
  const { id } = await createSession(visit.ada, { stage: 6 });
  await visit.signIn(ADA);
  await visit.open(`/sessions/${id}`);
  await page.getByRole("button", { name: "Publish", exact: true }).waitFor();
  await tabTo(page, "Publish");
  await press("Enter");
  await focusedOn(page, /problems to publish/);
  await press("Tab");
  await press("Enter");
  await focusedOn(page, "Title");
});

it.each([1, 2, 3, 4, 5, 6])("shows the focus on every element of stage %i", async (stage) => {
  const { id } = await createSession(visit.ada, { stage, state: completeState() });
  await visit.signIn(ADA);
  await visit.open(`/sessions/${id}`);
  await visit.page.locator("[data-testid=save-status][data-phase=saved]").waitFor();
  const { names, unmarked } = await walkThrough(visit.page);
  expect(names).toEqual(expect.arrayContaining(["Skip to content", "History"]));
  expect(names.at(-1)).toBe(stage < 6 ? "Next" : "Publish");
  expect(unmarked).toEqual([]);
});

it("shows the focus on every element of the sign-in page and the list of events", async () => {
  await createSession(visit.ada, { state: { basics: { title: "Last" } } });
  await visit.open("/");
  await visit.page.getByRole("button", { name: "Sign in as Cleo" }).waitFor();
  const signIn = await walkThrough(visit.page);
  expect(signIn.names.slice(-3)).toEqual(["Sign in as Ada", "Sign in as Ben", "Sign in as Cleo"]);
  await visit.page.getByRole("button", { name: "Sign in as Ada" }).click();
  await visit.page.getByRole("button", { name: "Delete Last" }).waitFor();
  const events = await walkThrough(visit.page);
  expect(events.names).toEqual(expect.arrayContaining(["New event", "Resume Last", "Delete Last"]));
  expect([...signIn.unmarked, ...events.unmarked]).toEqual([]);
});
