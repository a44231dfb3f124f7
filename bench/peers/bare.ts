// The base of all ratios: node:http and pg without a framework, an update of one row under row level security.
import { serveStatement } from "./shared.ts";

serveStatement('update drafts set state = $2 where id = $1 returning id, updated_at as "updatedAt"', (url, body) => [
  url.split("/").at(-1),
  JSON.stringify(body.state),
]);
