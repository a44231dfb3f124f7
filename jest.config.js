/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  roots: [
    "<rootDir>/bench",
    "<rootDir>/client",
    "<rootDir>/db",
    "<rootDir>/docs",
    "<rootDir>/graphql",
    "<rootDir>/json",
    "<rootDir>/server",
    "<rootDir>/web",
    "<rootDir>/wizard",
  ],
  testMatch: ["**/*.test.ts"],
  // They need a browser: jest.browser.config.js.
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/web/browser/"],
  extensionsToTreatAsEsm: [".ts"],
  // Takes the types away, and leaves everything else as it is written.
  transform: {
    "\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2024", experimental: { keepImportAttributes: true } } },
    ],
  },
  // One throw-away PostgreSQL for the whole run; each test file clones a database of its own from a template.
  globalSetup: "./testkit/globalSetup.ts",
  globalTeardown: "./testkit/globalTeardown.ts",
  // Only ends a test that hangs: a busy machine is several times slower.
  testTimeout: 120_000,
  // They mostly wait for PostgreSQL and for programs.
  maxWorkers: "100%",
};
