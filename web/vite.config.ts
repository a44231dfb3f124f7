import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const folder = fileURLToPath(new URL(".", import.meta.url));

export default defineConfig({
  root: folder,
  // The server replaces it in each answer (server/http/webPage.ts).
  html: { cspNonce: "NONCE_OF_THIS_ANSWER" },
  build: {
    target: "es2024",
    // Browsers that know light-dark(); what stands in for it does not know the component library's way to choose.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // Nothing as data: URLs, so that the policy need not allow them.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      // Libraries mark what is for browsers. Here all of it is.
      onLog: (level, log, report) => {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") report(level, log);
      },
    },
  },
});
