import { useApolloClient } from "@apollo/client/react";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { apolloTransport } from "./apolloTransport.ts";
import { type AutosaveOptions, type Autosaver, createAutosaver } from "./autosave/createAutosaver.ts";
import { type Change, SaveError } from "./autosave/transport.ts";
import { type AutosaverView, LOADING_VIEW } from "./autosave/view.ts";

export interface WizardSessionOptions extends Partial<Omit<AutosaveOptions, "sessionId">> {
  readonly userId: string;
  /** The event that a new session edits. */
  readonly eventId?: string;
  /** Whether the client's links support subscriptions. If so, saves made elsewhere are seen at once. */
  readonly live?: boolean;
  /** Another way to learn of saves made elsewhere. */
  readonly watch?: (onChange: (change: Change) => void) => () => void;
}

export type WizardSessionHandle = AutosaverView &
  Pick<Autosaver, "setField" | "setFields" | "goTo" | "resolve" | "undo" | "restore" | "complete" | "flush">;

/**
 * A session in a component: its view, and functions to change it. The options are read when the session or the user
 * changes. `getToken` and `watch` may change at any time.
 */
export function useWizardSession(sessionId: string, options: WizardSessionOptions): WizardSessionHandle {
  const client = useApolloClient();
  const newest = useRef(options);
  useEffect(() => {
    newest.current = options;
  });
  const { userId, eventId } = options;
  const [saver, setSaver] = useState<Autosaver>();

  useEffect(() => {
    const { getToken, watch, live, ...others } = newest.current;
    const transport = apolloTransport({
      client,
      sessionId,
      eventId,
      live,
      watch: watch && ((onChange) => newest.current.watch?.(onChange) ?? (() => {})),
    });
    const started = createAutosaver({
      transport,
      ...others,
      userId,
      sessionId,
      getToken: getToken && (() => newest.current.getToken?.()),
    });
    setSaver(started);
    return () => {
      setSaver(undefined);
      started.stop();
    };
  }, [client, sessionId, userId, eventId]);

  const subscribe = useCallback((listener: () => void) => saver?.subscribe(listener) ?? (() => {}), [saver]);
  const getView = useCallback(() => saver?.getView() ?? LOADING_VIEW, [saver]);
  const view = useSyncExternalStore(subscribe, getView, () => LOADING_VIEW);
  const actions = useMemo(() => actionsOf(saver), [saver]);
  return useMemo(() => ({ ...view, ...actions }), [view, actions]);
}

/** Before the first effect there is no saver, and no form to type into. */
function actionsOf(saver: Autosaver | undefined): Omit<WizardSessionHandle, keyof AutosaverView> {
  if (saver) {
    const { setField, setFields, goTo, resolve, undo, restore, complete, flush } = saver;
    return { setField, setFields, goTo, resolve, undo, restore, complete, flush };
  }
  const ignore = () => {};
  const refuse = () => Promise.reject(new SaveError("NETWORK", "The session is not loaded yet."));
  return {
    setField: ignore,
    setFields: ignore,
    goTo: ignore,
    resolve: ignore,
    undo: ignore,
    restore: refuse,
    complete: refuse,
    flush: refuse,
  };
}
