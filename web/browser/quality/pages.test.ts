import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { DEMO_USERS } from "../../../server/dev/demoUsers.ts";
import { signToken } from "../../../server/tokens.ts";
import { TEST_TOKENS } from "../../../testkit/api.ts";
import { completeState, publish } from "../../../testkit/events.ts";
import { createSession, updateSession } from "../../../testkit/sessions.ts";
import { STAGES } from "../../../wizard/stages.ts";
import { SIGNED_IN_KEY, signedInAs } from "../support/device.ts";
import { violationsOf } from "./axe.ts";
import { endlessStages } from "./endlessStages.ts";
import { useTestPage } from "./page.ts";
import { WRONG_STATE } from "./wrongState.ts";

const [ADA, BEN, CLEO] = DEMO_USERS;
const SIZES = [
  { width: 1440, height: 900 },
  { width: 360, height: 740 },
];
const SCHEMES = ["light", "dark"] as const;
const LONG = 120_000;

const visit = useTestPage({ reducedMotion: "reduce" });

/** Looks at what is on the page in every size and scheme. */
async function expectGood(): Promise<void> {
  const { page, troubles } = visit;
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
    if (tooWide > 0) found.push(`${size.width} px: ${tooWide} px have to be scrolled to`);
  }
  expect([...found, ...troubles]).toEqual([]);
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

it(
  "is good to sign in",
  async () => {
    await visit.open("/");
    await button("Sign in as Ada").waitFor();
    await expectGood();
  },
  LONG,
);

it(
  "is good without any events",
  async () => {
    await visit.signIn(BEN);
    await visit.open("/");
    await visit.page.getByText("You have no events yet").waitFor();
    await expectGood();
  },
  LONG,
);

it(
  "is good with events, and when one is about to be deleted",
  async () => {
    await publish(visit.api.db, visit.ada.id ?? "", { publish: { visibility: "public", acceptTerms: true } });
    await createSession(visit.ada, { state: { basics: { title: "W".repeat(150) } } });
    await updateSession(visit.ada, (await createSession(visit.ada)).id, { status: "ABANDONED" });
    await visit.signIn(ADA);
    await visit.open("/");
    await button("Delete Untitled").waitFor();
    await expectGood();
    await button("Delete Untitled").click();
    await dialog("Delete this?").waitFor();
    await expectGood();
  },
  LONG,
);

describe.each(STAGES)("stage $number, $title,", ({ number, title }) => {
  it(
    "is good when it is empty",
    async () => {
      await openSession({ stage: number });
      await heading(title);
      await expectGood();
    },
    LONG,
  );

  it(
    "is good when it is filled in",
    async () => {
      await openSession({ stage: number, state: completeState() });
      await heading(title);
      await expectGood();
    },
    LONG,
  );

  it(
    "is good when everything in it is wrong",
    async () => {
      await openSession({ stage: 6, state: WRONG_STATE });
      if (number < STAGES.length) {
        await visit.page.getByRole("button", { name: new RegExp(`^Stage ${number}:`) }).click();
        await visit.page.locator("[aria-invalid=true]").first().waitFor();
      } else {
        await button("Publish").click();
        await visit.page.getByRole("alert").filter({ hasText: "missing or wrong" }).waitFor();
      }
      await heading(title);
      await expectGood();
    },
    LONG,
  );
});

it(
  "is good when a list is open to search in",
  async () => {
    await openSession({ stage: 2 });
    await visit.page.getByRole("combobox", { name: "Time zone" }).fill("Vien");
    await visit.page.getByRole("option", { name: "Europe/Vienna" }).waitFor();
    await expectGood();
  },
  LONG,
);

it(
  "is good when the description is shown as it will look",
  async () => {
    await openSession({ stage: 5, state: { page: { description: "# One\n\n- two\n- [three](https://example.com)" } } });
    await button("Show the preview").click();
    await heading("One");
    await expectGood();
  },
  LONG,
);

it(
  "is good when the history is open, with what a save has changed",
  async () => {
    const id = await openSession();
    await updateSession(visit.ada, id, { state: { basics: { title: "First" } } });
    await updateSession(visit.ada, id, { state: completeState() });
    await button("History").click();
    await dialog("History").waitFor();
    await button("Show changes of save 2").click();
    await visit.page.getByLabel("What save 2 changed").waitFor();
    await expectGood();
  },
  LONG,
);

it(
  "is good when two have changed the same, and when one puts off to choose",
  async () => {
    const id = await openSession();
    await visit.page.route("**/graphql", async (route, request) => {
      if (request.postData()?.includes("SaveWizardSession")) {
        await updateSession(visit.ada, id, { state: { basics: { title: "Theirs", summary: "Theirs" } } });
      }
      await route.continue();
    });
    await visit.page.getByRole("textbox", { name: "Title" }).fill("Mine");
    await button("Choose now").waitFor();
    await expectGood();
    await button("Choose now").click();
    await dialog("Changed here and elsewhere").waitFor();
    await expectGood();
    await button("Decide later").last().click();
    await button("Choose now").waitFor();
    await expectGood();
  },
  LONG,
);

it(
  "is good when an event has been published",
  async () => {
    const id = await openSession({
      stage: 6,
      state: completeState({ publish: { visibility: "public", refundPolicy: "none", acceptTerms: true } }),
    });
    await button("Publish").click();
    await visit.page.getByText("By Ada Lovelace").waitFor();
    await expectGood();
    await visit.open(`/sessions/${id}`);
    await visit.page.getByText("This event is published").waitFor();
    await expectGood();
  },
  LONG,
);

it(
  "is good when an event is as long as can be and has no blanks",
  async () => {
    const { slug } = await publish(visit.api.db, visit.ada.id ?? "", endlessStages());
    await visit.open(`/e/${slug}`);
    await visit.page.getByText("By OOO").waitFor();
    await visit.page.getByRole("heading", { name: "HHH" }).waitFor();
    await expectGood();
  },
  LONG,
);

it(
  "is good when an event's cover is no picture",
  async () => {
    const { slug } = await publish(visit.api.db, visit.ada.id ?? "", {
      publish: { visibility: "public", acceptTerms: true },
    });
    await visit.page.route("**/garden.jpg", (route) => route.fulfill({ body: "", contentType: "image/jpeg" }));
    await visit.open(`/e/${slug}`);
    await visit.page.getByText("By Ada Lovelace").waitFor();
    await visit.page.getByRole("img", { name: "Paper lanterns" }).waitFor({ state: "detached" });
    await expectGood();
  },
  LONG,
);

it(
  "shows pictures of a description in words that its policy would not load",
  async () => {
    const { page, ...stages } = completeState({ publish: { visibility: "public", acceptTerms: true } });
    const tree = "https://images.example.com/tree.jpg";
    const description = `![Lantern](http://example.com/a.jpg) ![Lamp](b.jpg) ![Light](//example.com/c.jpg) ![Tree](${tree})`;
    const { slug } = await publish(visit.api.db, visit.ada.id ?? "", { ...stages, page: { ...page, description } });
    await visit.open(`/e/${slug}`);
    await visit.page.getByText("Lantern Lamp Light").waitFor();
    const pictures = visit.page.getByLabel("Description").getByRole("img");
    expect(await pictures.evaluateAll((images) => images.map((image) => image.getAttribute("src")))).toEqual([tree]);
    await expectGood();
  },
  LONG,
);

it(
  "writes to the organizer's address and to no other",
  async () => {
    const { page, ...stages } = completeState({ publish: { visibility: "public", acceptTerms: true } });
    const supportEmail = "a?bcc=b&body=c%0d@example.com";
    const { slug } = await publish(visit.api.db, visit.ada.id ?? "", { ...stages, page: { ...page, supportEmail } });
    await visit.open(`/e/${slug}`);
    const link = visit.page.getByRole("link", { name: "Ask the organizer" });
    expect(await link.getAttribute("href")).toBe("mailto:a%3Fbcc%3Db%26body%3Dc%250d@example.com");
  },
  LONG,
);

it(
  "says so when the event's address is another one's already",
  async () => {
    const { slug } = await publish(visit.api.db, visit.ada.id ?? "");
    const page = { ...completeState().page, slug };
    await openSession({ stage: 6, state: completeState({ page }) });
    await button("Publish").click();
    await visit.page
      .getByRole("alert")
      .getByRole("link", { name: /address/ })
      .waitFor();
    await expectGood();
  },
  LONG,
);

it(
  "is good when the sign-in has ended",
  async () => {
    await openSession();
    // As another tab does it whose token ends.
    const ended = await signToken(TEST_TOKENS, { sub: ADA.id, role: ADA.role, expiresIn: "0s" });
    await visit.page.evaluate(
      ([key = "", value = ""]) => {
        localStorage.setItem(key, value);
        window.dispatchEvent(new StorageEvent("storage", { key }));
      },
      [SIGNED_IN_KEY, signedInAs(ADA, ended)],
    );
    await visit.page.getByText("Your sign-in has ended").waitFor();
    await button("Sign in as Ada").waitFor();
    await expectGood();
  },
  LONG,
);

it(
  "is good without a connection",
  async () => {
    await openSession();
    await visit.page.context().setOffline(true);
    await visit.page.getByRole("textbox", { name: "Title" }).fill("Kept");
    await savedAs("kept");
    await expectGood();
  },
  LONG,
);

it(
  "is good to look at how far people get",
  async () => {
    await createSession(visit.ada, { stage: 2 });
    await visit.signIn(CLEO);
    await visit.open("/funnel");
    await visit.page.getByRole("table").waitFor();
    await expectGood();
  },
  LONG,
);

it.each([
  ["/e/nothing-here", "There is no such event"],
  [`/sessions/not-an-id`, "There is no such draft"],
  ["/funnel", /./],
])(
  "is good where there is nothing to see, at %s",
  async (path, title) => {
    await visit.signIn(ADA);
    await visit.open(path);
    await heading(title);
    await expectGood();
  },
  LONG,
);

describe("without demo users", () => {
  const elsewhere = useTestPage({ reducedMotion: "reduce" }, { development: false });

  it(
    "is good to sign in with a token, and when that is none",
    async () => {
      await elsewhere.open("/");
      await elsewhere.page
        .getByLabel("Token", { exact: true })
        .or(elsewhere.page.getByLabel("Token *"))
        .first()
        .fill(randomUUID());
      await elsewhere.page.getByRole("button", { name: "Sign in" }).click();
      await elsewhere.page.getByText("This is not a token").waitFor();
      expect(await violationsOf(elsewhere.page)).toEqual([]);
      expect(elsewhere.troubles).toEqual([]);
    },
    LONG,
  );
});
