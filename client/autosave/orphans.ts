import { withEarly } from "./edits.ts";
import { isClean, type Pending, restored, shownStage, withDraftOf } from "./pending.ts";
import type { Orphan, Stamp, State } from "./state.ts";

/** Takes in what a closed tab has left. */
export function orphanRead(
  state: State,
  { tab, pending: left }: { readonly tab: string; readonly pending: Pending | undefined },
): State {
  // Another tab may have sent them in the meantime.
  if (!left) return changeOrphan(state, tab, (orphan) => ({ ...orphan, isDone: true }));
  if (state.pending) return changeOrphan(state, tab, (orphan) => ({ ...orphan, pending: restored(left) }));
  // This tab is still loading: it continues where the other one has stopped.
  const pending = restored(left);
  const adopted: State = { ...state, pending, ownStage: shownStage(pending), readWanted: true };
  return withEarly(changeOrphan(adopted, tab, (orphan) => ({ ...orphan, isDone: true })));
}

function changeOrphan(state: State, tab: string, change: (orphan: Orphan) => Orphan): State {
  return { ...state, orphans: state.orphans.map((orphan) => (orphan.tab === tab ? change(orphan) : orphan)) };
}

/** Changes what is left of an orphan. */
export function changeLeft(state: State, tab: string, change: (left: Pending) => Pending): State {
  return changeOrphan(state, tab, (orphan) => ({ ...orphan, pending: orphan.pending && change(orphan.pending) }));
}

/** After its saves, an orphan is either all saved or a draft in conflict, which joins the changes of this tab. */
export function mergeOrphans(state: State, { id }: Stamp): State {
  const orphan = state.orphans.find(({ pending, isDone }) => !isDone && pending?.saves.length === 0);
  if (!orphan?.pending) return state;
  const { pending, terminal } = state;
  const done = changeOrphan({ ...state, readWanted: true }, orphan.tab, (merged) => ({ ...merged, isDone: true }));
  if (isClean(orphan.pending) || terminal?.phase === "completed") return done;
  // The base of a save has to stay.
  if (!pending || pending.saves.length > 0) return state;
  return { ...done, typed: undefined, pending: withDraftOf(pending, orphan.pending, () => id) };
}
