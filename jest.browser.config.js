import shared from "./jest.config.js";

/** The tests in a real browser: `npm run test:browser`. @type {import("jest").Config} */
export default {
  ...shared,
  roots: ["<rootDir>/web/browser"],
  testPathIgnorePatterns: ["/node_modules/"],
  // A page, a server and a database at once: enough for two processors. A page that waits for its next attempt takes
  // its real time.
  maxWorkers: 1,
  testTimeout: 60_000,
};
