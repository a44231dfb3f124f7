import { Text } from "@mantine/core";
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

/** What became of what was typed. Seen at once; told to screen readers only where it is worth an interruption. */
export function StatusLine({ status }: { readonly status: SaveStatus }) {
  const counting = status.phase === "kept" || (status.phase === "editing" && status.retryAt !== undefined);
  const now = useNow(counting ? SECOND : undefined);
  const [told, setTold] = useState("");
  const [announcer] = useState(() => makeAnnouncer(setTold));
  // Whoever reads the page line by line comes past it later, when it may not be so any more.
  const [toldIn, setToldIn] = useState(status.phase);
  if (toldIn !== status.phase) {
    setToldIn(status.phase);
    setTold("");
  }
  useEffect(() => announcer.hear(status), [announcer, status]);
  useEffect(() => () => announcer.stop(), [announcer]);
  return (
    <div className={classes.line}>
      <span className={classes.dot} data-tone={TONE[status.phase]} aria-hidden="true" />
      <Text size="sm" data-testid="save-status" data-phase={status.phase}>
        {statusText(status, now)}
      </Text>
      <span role="status" aria-live="polite" className="visually-hidden">
        {told}
      </span>
    </div>
  );
}
