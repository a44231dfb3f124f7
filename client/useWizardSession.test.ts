import "./testing/dom.ts";
import "fake-indexeddb/auto";
import { randomUUID } from "node:crypto";
import { ApolloProvider } from "@apollo/client/react";
import { afterEach, expect, it } from "@jest/globals";
import { createElement, type ReactNode, StrictMode } from "react";
import { useTestApi } from "../testkit/api.ts";
import { storedSession } from "../testkit/rows.ts";
import { history } from "../testkit/saving.ts";
import { makeNetwork } from "./testing/network.ts";
import { makeBrowser, makePage } from "./testing/page.ts";
import { makeClient, QUICK } from "./testing/tabs.ts";
import { useWizardSession } from "./useWizardSession.ts";

// It needs a document when it is loaded.
const { act, cleanup, renderHook, waitFor } = await import("@testing-library/react");

const api = useTestApi();
afterEach(cleanup);

interface Shown {
  readonly sessionId: string;
  readonly userId: string;
}

async function shown() {
  const { id, headers } = await api.user();
  const network = makeNetwork();
  const client = makeClient(api.url(), network, () => headers.authorization);
  const environment = makePage(makeBrowser());
  const wrapper = ({ children }: { children: ReactNode }) =>
    createElement(StrictMode, null, createElement(ApolloProvider, { client, children }));
  const first: Shown = { sessionId: randomUUID(), userId: String(id) };
  const hook = renderHook(
    ({ sessionId, userId }: Shown) => useWizardSession(sessionId, { ...QUICK, userId, environment }),
    { wrapper, initialProps: first },
  );
  const phase = (wanted: string) =>
    waitFor(() => expect(hook.result.current.status.phase).toBe(wanted), { timeout: 10_000 });
  return { ...hook, first, phase, environment, network };
}

it("shows a session, saves an edit, and shows another session", async () => {
  const { result, rerender, first, phase } = await shown();
  expect(result.current).toMatchObject({ state: {}, stage: 1, status: { phase: "loading" } });
  await phase("saved");
  act(() => result.current.setField("/basics/title", "Fête"));
  expect(result.current).toMatchObject({ state: { basics: { title: "Fête" } }, status: { phase: "editing" } });
  await phase("saved");
  expect(result.current.revision).toBe(1);
  expect(await storedSession(api.db, first.sessionId)).toMatchObject({
    state: { basics: { title: "Fête" } },
    revision: 1,
  });

  rerender({ ...first, sessionId: randomUUID() });
  await waitFor(() => expect(result.current.status).toMatchObject({ phase: "saved", revision: 0 }));
  expect(result.current.state).toEqual({});
});

it("saves an edit made just before it is unmounted", async () => {
  const { result, unmount, first, phase, environment, network } = await shown();
  await phase("saved");
  act(() => result.current.setField("/basics/title", "Fête"));
  unmount();
  await waitFor(async () => expect(await history(api.db, first.sessionId)).toHaveLength(2), { timeout: 10_000 });
  // It has stopped: it does not read when the page becomes visible again.
  const requests = network.sent.length;
  environment.happen("visible");
  await history(api.db, first.sessionId);
  expect(network.sent).toHaveLength(requests);
});

it("returns the same handle while nothing changes", async () => {
  const { result, rerender, first, phase } = await shown();
  await phase("saved");
  const before = result.current;
  rerender({ ...first });
  expect(result.current).toBe(before);
});

it("does not complete an incomplete session, and returns the problems", async () => {
  const { result, phase } = await shown();
  await phase("saved");
  await act(async () => {
    expect(await result.current.complete()).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([expect.objectContaining({ pointer: "/basics/title" })]),
    });
  });
});
