/** Users for development. Their ids are fixed, so their sessions survive a restart. */
export const DEMO_USERS = [
  { key: "ada", name: "Ada", id: "ada00000-0000-4000-8000-000000000001", role: "authenticated" },
  { key: "ben", name: "Ben", id: "be000000-0000-4000-8000-000000000002", role: "authenticated" },
  // Can read the funnel, and has no sessions.
  { key: "cleo", name: "Cleo", id: "c1e00000-0000-4000-8000-000000000003", role: "analyst" },
] as const;
