import { randomUUID } from "node:crypto";
import { describe, expect, it, jest } from "@jest/globals";
import { DEMO_USERS } from "../../../server/dev/demoUsers.ts";
import { signToken } from "../../../server/tokens.ts";
import { TEST_TOKENS } from "../../../testkit/api.ts";
import { completeState, publish } from "../../../testkit/events.ts";
import { createSession, updateSession } from "../../../testkit/sessions.ts";
import { STAGES } from "../../../wizard/stages.ts";
import { SIGNED_IN_KEY, signedInAs } from "../support/device.ts";
import { violationsOf } from "./axe.ts";
import { INVALID_STATE } from "./invalidState.ts";
import { longestAnswers } from "./longestAnswers.ts";
import { useTestPage } from "./testPage.ts";

const [ADA, BEN, CLEO] = DEMO_USERS;
const SIZES = [
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
];
const SCHEMES = ["light", "dark"] as const;
// Each test runs axe-core at two sizes in two colour schemes.
jest.setTimeout(120_000);

const visit = useTestPage({ reducedMotion: "reduce" });

/** Checks every size and colour scheme: no axe violations, no horizontal scrolling, no page errors. */
async function expectAccessible(): Promise<void> {
  const { page, errors } = visit;
  const found: string[] = [];
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      const where = `${size.width} px, ${colorScheme}`;
      found.push(...(await violationsOf(page)).map((violation) => `${where}: ${violation}`));
    }
    const tooWide = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (tooWide > 0) found.push(`${size.width} px: ${tooWide} px of horizontal scrolling`);
  }
  expect([...found, ...errors]).toEqual([]);
}

async function openSession(session: object = {}): Promise<string> {
  const { id } = await createSession(visit.ada, session);
  await visit.signIn(ADA);
  await visit.open(`/sessions/${id}`);
  await visit.page.getByRole("heading", { level: 2 }).first().waitFor();
  return id;
}

const heading = (name: string | RegExp) => visit.page.getByRole("heading", { name }).first().waitFor();
const button = (name: string | RegExp) => visit.page.getByRole("button", { name, exact: true });
const savedAs = (phase: string) => visit.page.locator(`[data-testid=save-status][data-phase=${phase}]`).waitFor();
const dialog = (name: string) => visit.page.getByRole("dialog", { name });

it("the sign-in page is accessible", async () => {
  await visit.open("/");
  await button("Sign in as Ada").waitFor();
  await expectAccessible();
});

it("the list is accessible without events", async () => {
  await visit.signIn(BEN);
  await visit.open("/");
  await visit.page.getByText("You have no events yet").waitFor();
  await expectAccessible();
});

it("the list is accessible with events, and so is the dialog to delete one", async () => {
  await publish(visit.api.db, visit.ada.id ?? "", { publish: { visibility: "public", acceptTerms: true } });
  await createSession(visit.ada, { state: { basics: { title: "W".repeat(150) } } });
  await updateSession(visit.ada, (await createSession(visit.ada)).id, { status: "ABANDONED" });
  await visit.signIn(ADA);
  await visit.open("/");
  await button("Delete Untitled").waitFor();
  await expectAccessible();
  await button("Delete Untitled").click();
  await dialog("Delete this draft?").waitFor();
  await expectAccessible();
});

describe.each(STAGES)("stage $number, $title,", ({ number, title }) => {
  it("is accessible when empty", async () => {
    await openSession({ stage: number });
    await heading(title);
    await expectAccessible();
  });

  it("is accessible when filled in", async () => {
    await openSession({ stage: number, state: completeState() });
    await heading(title);
    await expectAccessible();
  });

  it("is accessible when every answer is wrong", async () => {
    await openSession({ stage: 6, state: INVALID_STATE });
    if (number < STAGES.length) {
      await visit.page.getByRole("button", { name: new RegExp(`^Stage ${number}:`) }).click();
      await visit.page.locator("[aria-invalid=true]").first().waitFor();
    } else {
      await button("Publish").click();
      await visit.page.getByRole("alert").filter({ hasText: "to publish" }).waitFor();
    }
    await heading(title);
    await expectAccessible();
  });
});

it("an open list of time zones is accessible", async () => {
  await openSession({ stage: 2 });
  await visit.page.getByRole("combobox", { name: "Time zone" }).fill("Vien");
  await visit.page.getByRole("option", { name: "Europe/Vienna" }).waitFor();
  await expectAccessible();
});

it("the preview of the description is accessible", async () => {
  await openSession({ stage: 5, state: { page: { description: "# One\n\n- two\n- [three](https://example.com)" } } });
  await button("Show preview").click();
  await heading("One");
  await expectAccessible();
});

it("the history is accessible, with the changes of a save", async () => {
  const id = await openSession();
  await updateSession(visit.ada, id, { state: { basics: { title: "First" } } });
  await updateSession(visit.ada, id, { state: completeState() });
  await button("History").click();
  await dialog("History").waitFor();
  await button("Show changes of save 2").click();
  await visit.page.getByLabel("Changes of save 2", { exact: true }).waitFor();
  await expectAccessible();
});

it("a conflict is accessible, before, in and after the dialog", async () => {
  const id = await openSession();
  await visit.page.route("**/graphql", async (route, request) => {
    if (request.postData()?.includes("SaveWizardSession")) {
      await updateSession(visit.ada, id, { state: { basics: { title: "Theirs", summary: "Theirs" } } });
    }
    await route.continue();
  });
  await visit.page.getByRole("textbox", { name: "Title" }).fill("Mine");
  await button("Choose now").waitFor();
  await expectAccessible();
  await button("Choose now").click();
  await dialog("Choose what to keep").waitFor();
  await expectAccessible();
  await button("Decide later").last().click();
  await button("Choose now").waitFor();
  await expectAccessible();
});

it("a published event is accessible, on the event page and in the wizard", async () => {
  const id = await openSession({
    stage: 6,
    state: completeState({ publish: { visibility: "public", refundPolicy: "none", acceptTerms: true } }),
  });
  await button("Publish").click();
  await visit.page.getByText("By Ada Lovelace").waitFor();
  await expectAccessible();
  await visit.open(`/sessions/${id}`);
  await visit.page.getByText("This event is published").waitFor();
  await expectAccessible();
});

it("the event page is accessible with the longest texts", async () => {
  const { slug } = await publish(visit.api.db, visit.ada.id ?? "", longestAnswers());
  await visit.open(`/e/${slug}`);
  await visit.page.getByText("By OOO").waitFor();
  await visit.page.getByRole("heading", { name: "HHH" }).waitFor();
  await expectAccessible();
});

it("the event page is accessible without its cover image if the image is broken", async () => {
  const { slug } = await publish(visit.api.db, visit.ada.id ?? "", {
    publish: { visibility: "public", acceptTerms: true },
  });
  await visit.page.route("**/garden.jpg", (route) => route.fulfill({ body: "", contentType: "image/jpeg" }));
  await visit.open(`/e/${slug}`);
  await visit.page.getByText("By Ada Lovelace").waitFor();
  await visit.page.getByRole("img", { name: "Paper lanterns" }).waitFor({ state: "detached" });
  await expectAccessible();
});

it("the event page shows the alt text of images that its Content-Security-Policy blocks", async () => {
  const { page, ...stages } = completeState({ publish: { visibility: "public", acceptTerms: true } });
  const tree = "https://images.example.com/tree.jpg";
  const description = `![Lantern](http://example.com/a.jpg) ![Lamp](b.jpg) ![Light](//example.com/c.jpg) ![Tree](${tree})`;
  const { slug } = await publish(visit.api.db, visit.ada.id ?? "", { ...stages, page: { ...page, description } });
  await visit.open(`/e/${slug}`);
  await visit.page.getByText("Lantern Lamp Light").waitFor();
  const pictures = visit.page.getByLabel("Description").getByRole("img");
  expect(await pictures.evaluateAll((images) => images.map((image) => image.getAttribute("src")))).toEqual([tree]);
  await expectAccessible();
});

it("the e-mail link of the event page has exactly one recipient", async () => {
  const { page, ...stages } = completeState({ publish: { visibility: "public", acceptTerms: true } });
  const supportEmail = "a?bcc=b&body=c%0d@example.com";
  const { slug } = await publish(visit.api.db, visit.ada.id ?? "", { ...stages, page: { ...page, supportEmail } });
  await visit.open(`/e/${slug}`);
  const link = visit.page.getByRole("link", { name: "Contact the organizer" });
  expect(await link.getAttribute("href")).toBe("mailto:a%3Fbcc%3Db%26body%3Dc%250d@example.com");
});

it("a page address that is already taken is listed as a problem", async () => {
  const { slug } = await publish(visit.api.db, visit.ada.id ?? "");
  const page = { ...completeState().page, slug };
  await openSession({ stage: 6, state: completeState({ page }) });
  await button("Publish").click();
  await visit.page
    .getByRole("alert")
    .getByRole("link", { name: /address/ })
    .waitFor();
  await expectAccessible();
});

it("the page is accessible after the sign-in has expired", async () => {
  await openSession();
  // As if the token expired in another tab.
  const ended = await signToken(TEST_TOKENS, { sub: ADA.id, role: ADA.role, expiresIn: "0s" });
  await visit.page.evaluate(
    ([key = "", value = ""]) => {
      localStorage.setItem(key, value);
      window.dispatchEvent(new StorageEvent("storage", { key }));
    },
    [SIGNED_IN_KEY, signedInAs(ADA, ended)],
  );
  await visit.page.getByText("Your sign-in has expired").waitFor();
  await button("Sign in as Ada").waitFor();
  await expectAccessible();
});

it("the wizard is accessible offline", async () => {
  await openSession();
  await visit.page.context().setOffline(true);
  await visit.page.getByRole("textbox", { name: "Title" }).fill("Kept");
  await savedAs("kept");
  await expectAccessible();
});

it("the funnel is accessible", async () => {
  await createSession(visit.ada, { stage: 2 });
  await visit.signIn(CLEO);
  await visit.open("/funnel");
  await visit.page.getByRole("table").waitFor();
  await expectAccessible();
});

it.each([
  ["/e/nothing-here", "Event not found"],
  [`/sessions/not-an-id`, "Draft not found"],
  ["/funnel", /./],
])("the page at %s is accessible although it has nothing to show", async (path, title) => {
  await visit.signIn(ADA);
  await visit.open(path);
  await heading(title);
  await expectAccessible();
});

describe("without demo users", () => {
  const elsewhere = useTestPage({ reducedMotion: "reduce" }, { development: false });

  it("the token form is accessible, also after an invalid token", async () => {
    await elsewhere.open("/");
    await elsewhere.page
      .getByLabel("Token", { exact: true })
      .or(elsewhere.page.getByLabel("Token *"))
      .first()
      .fill(randomUUID());
    await elsewhere.page.getByRole("button", { name: "Sign in" }).click();
    await elsewhere.page.getByText("This is not a valid token").waitFor();
    expect(await violationsOf(elsewhere.page)).toEqual([]);
    expect(elsewhere.errors).toEqual([]);
  });
});
