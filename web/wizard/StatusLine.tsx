import { Text, VisuallyHidden } from "@mantine/core";
import { useEffect, useState } from "react";
import { makeAnnouncer, type SaveStatus, statusText } from "../../client/index.ts";
import { useNow } from "../layout/useNow.ts";
import classes from "./StatusLine.module.css";

const TONE: Readonly<Record<SaveStatus["phase"], string>> = {
  loading: "quiet",
  editing: "quiet",
  saving: "quiet",
  saved: "good",
  kept: "warning",
  signIn: "warning",
  conflict: "warning",
  completed: "good",
  refused: "bad",
  missing: "bad",
};
const SECOND = 1000;

/** The save status. It is visible at once, and announced to screen readers only if it is worth an interruption. */
export function StatusLine({ status }: { readonly status: SaveStatus }) {
  const counting = status.phase === "kept" || (status.phase === "editing" && status.retryAt !== undefined);
  const now = useNow(counting ? SECOND : undefined);
  const [announced, setAnnounced] = useState("");
  const [announcer] = useState(() => makeAnnouncer(setAnnounced));
  // Screen reader users can also find the announced text later. It is removed when the status changes, so it is never out
  // of date.
  const [announcedPhase, setAnnouncedPhase] = useState(status.phase);
  if (announcedPhase !== status.phase) {
    setAnnouncedPhase(status.phase);
    setAnnounced("");
  }
  useEffect(() => announcer.hear(status), [announcer, status]);
  useEffect(() => () => announcer.stop(), [announcer]);
  return (
    <div className={classes.line}>
      <span className={classes.dot} data-tone={TONE[status.phase]} aria-hidden="true" />
      <Text size="sm" data-testid="save-status" data-phase={status.phase}>
        {statusText(status, now)}
      </Text>
      <VisuallyHidden role="status" aria-live="polite">
        {announced}
      </VisuallyHidden>
    </div>
  );
}
