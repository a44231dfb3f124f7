import type {} from "postgraphile/grafserv";
import { DEV_SIGN_IN_PATH, GRAPHIQL_USER_SCRIPT_PATH } from "./signIn.ts";

/** Adds to GraphiQL who you are, and a way to become somebody else. Only for development. */
export const GraphiqlUserPlugin: GraphileConfig.Plugin = {
  name: "GraphiqlUserPlugin",
  version: "1.0.0",
  grafserv: {
    middleware: {
      ruruHTML(next, { config, htmlParts }) {
        const script = `<script src="${GRAPHIQL_USER_SCRIPT_PATH}" data-sign-in-path="${DEV_SIGN_IN_PATH}" data-graphql-path="${config.endpoint}"></script>`;
        // Before GraphiQL's own scripts, so that its very first request is made as the chosen user.
        htmlParts.headerScripts = `${script}\n${htmlParts.headerScripts}`;
        // A page without an icon asks for /favicon.ico, and shows an error in its console.
        htmlParts.metaTags += '\n<link rel="icon" href="data:," />';
        return next();
      },
    },
  },
};
