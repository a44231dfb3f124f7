import { isEqual, type JsonObject } from "../../json/equality.ts";
import { checkIndexes, valueAt, withValueAt } from "../../json/pointer.ts";
import { edit, expectedState, type Pending, resolve, shownStage, shownState } from "./pending.ts";
import type { Edit, Stamp, State } from "./state.ts";
import { undone, withStep } from "./undoStack.ts";

/** Applies a change made by the user, or keeps it until the session is loaded. */
export function edited(state: State, event: Edit & Stamp): State {
  const { pending, terminal } = state;
  if (!pending) return { ...state, early: [...state.early, event] };
  if (terminal?.phase === "completed") return state;
  const after = editedPending(state, pending, event);
  if (isEqual(after.pending, pending)) return { ...after, pending };
  return { ...after, terminal: terminal?.phase === "refused" ? undefined : terminal };
}

function editedPending(state: State, pending: Pending, event: Edit & Stamp): State {
  switch (event.type) {
    case "fieldsSet":
      return fieldsSet(state, pending, event);
    case "stageChosen":
      return typed({ ...state, ownStage: event.stage }, pending, event, { stage: event.stage });
    case "conflictsResolved":
      return { ...state, typed: undefined, pending: resolve(pending, event.choices, () => event.id) };
    case "undone": {
      const after = undone(state.undoStack, shownState(pending), expectedState(pending));
      if (after.stack === state.undoStack) return state;
      return typed({ ...state, undoStack: after.stack }, pending, event, { state: after.state });
    }
  }
}

function fieldsSet(state: State, pending: Pending, event: Extract<Edit, { type: "fieldsSet" }> & Stamp): State {
  const group = event.changes.length > 1 ? event.id : undefined;
  const before = shownState(pending);
  let { undoStack } = state;
  let after = before;
  for (const { path, value } of event.changes) {
    checkIndexes(after, path);
    const changed = withValueAt(after, path, value);
    if (isEqual(after, changed)) continue;
    const step = { path, before: valueAt(after, path), after: valueAt(changed, path), at: event.at, group };
    undoStack = withStep(undoStack, step);
    after = changed;
  }
  return after === before ? state : typed({ ...state, undoStack }, pending, event, { state: after });
}

function typed(
  state: State,
  pending: Pending,
  { at, id }: Stamp,
  to: { readonly state?: JsonObject; readonly stage?: number },
): State {
  const stage = to.stage ?? shownStage(pending);
  const after = edit(pending, to.state ?? shownState(pending), stage, () => id);
  return {
    ...state,
    pending: after,
    ownStage: state.ownStage ?? stage,
    typed: after.draft && { first: state.typed?.first ?? at, last: at },
  };
}

/** Applies the changes made before the session was loaded. */
export function withEarly(state: State): State {
  return state.early.reduce<State>(
    (now, event) => {
      try {
        return edited(now, event);
      } catch {
        // A change that does not fit the loaded state, such as a name in what turns out to be a list.
        return now;
      }
    },
    { ...state, early: [] },
  );
}
