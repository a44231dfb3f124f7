import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const folder = fileURLToPath(new URL(".", import.meta.url));

export default defineConfig({
  root: folder,
  // The server replaces it in each response (server/http/webPage.ts).
  html: { cspNonce: "NONCE_OF_THIS_ANSWER" },
  build: {
    target: "es2024",
    // Browsers with light-dark(). The fallback for older ones does not work with Mantine's colour schemes.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // No data: URLs, which the Content-Security-Policy forbids.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      // Libraries mark client components with "use client", which means nothing here.
      onLog: (level, log, report) => {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") report(level, log);
      },
    },
  },
});
