// The same server as bare.ts, with the SQL function of Stagekeep instead of the update: what the SQL costs without GraphQL.
import { serveStatement } from "./shared.ts";

serveStatement(
  `select outcome, revision
     from save_wizard_session(id => $1, save_id => $2, base_revision => $3, patch => $4)`,
  (url, body) => [url.split("/").at(-1), body.saveId, body.baseRevision, JSON.stringify(body.patch)],
);
