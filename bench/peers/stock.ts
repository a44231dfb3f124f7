// PostGraphile as its documentation sets it up, with the mutation that it generates for the table.
import { createServer } from "node:http";
import express from "express";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/express/v4";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { claimsOf, host, pool, port } from "./shared.ts";

const pgl = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ pool, schemas: ["public"] })],
  grafast: {
    explain: false,
    context: async ({ node }) => {
      const claims = await claimsOf(node?.req.headers.authorization);
      return { pgSettings: { role: claims.role, "request.jwt.claims": JSON.stringify(claims) } };
    },
  },
  grafserv: { graphiql: false, watch: false },
});
const app = express();
const server = createServer(app);
await pgl.createServ(grafserv).addTo(app, server);
await pgl.getSchema();
server.listen(port, host);
