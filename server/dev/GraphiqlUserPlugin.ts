import type {} from "postgraphile/grafserv";
import { DEV_SIGN_IN_PATH, GRAPHIQL_USER_SCRIPT_PATH } from "./signIn.ts";

/** Adds a menu to GraphiQL that signs in as a demo user. Only for development. */
export const GraphiqlUserPlugin: GraphileConfig.Plugin = {
  name: "GraphiqlUserPlugin",
  version: "1.0.0",
  grafserv: {
    middleware: {
      ruruHTML(next, { config, htmlParts }) {
        const script = `<script src="${GRAPHIQL_USER_SCRIPT_PATH}" data-sign-in-path="${DEV_SIGN_IN_PATH}" data-graphql-path="${config.endpoint}"></script>`;
        // Before GraphiQL's own scripts, so that its first request already has the user's token.
        htmlParts.headerScripts = `${script}\n${htmlParts.headerScripts}`;
        // Without an icon, the browser requests /favicon.ico and logs an error.
        htmlParts.metaTags += '\n<link rel="icon" href="data:," />';
        return next();
      },
    },
  },
};
