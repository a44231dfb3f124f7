// GraphQL Yoga with Drizzle. RLS=1 sets the role and the claims of each request, for row level security. Otherwise it
// connects as the owner of the table, which bypasses the policies, and the statement itself compares the user.
import { createServer } from "node:http";
import { and, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { jsonb, pgTable, timestamp, uuid } from "drizzle-orm/pg-core";
import { createSchema, createYoga } from "graphql-yoga";
import { claimsOf, host, pool, port } from "./shared.ts";

const drafts = pgTable("drafts", {
  id: uuid().primaryKey(),
  userId: uuid("user_id").notNull(),
  state: jsonb().notNull(),
  updatedAt: timestamp("updated_at", { withTimezone: true, mode: "string" }).notNull(),
});
const db = drizzle({ client: pool });
const withRls = process.env.RLS === "1";

type Claims = Awaited<ReturnType<typeof claimsOf>>;
const RETURNED = { id: drafts.id, updatedAt: drafts.updatedAt };

async function updateDraft(id: string, state: unknown, claims: Claims) {
  if (!withRls) {
    return await db
      .update(drafts)
      .set({ state })
      .where(and(eq(drafts.id, id), eq(drafts.userId, claims.sub)))
      .returning(RETURNED);
  }
  return await db.transaction(async (tx) => {
    await tx.execute(
      sql`select set_config('role', ${claims.role}, true), set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`,
    );
    return await tx.update(drafts).set({ state }).where(eq(drafts.id, id)).returning(RETURNED);
  });
}

const schema = createSchema<{ claims: Claims }>({
  typeDefs: /* GraphQL */ `
    scalar JSON
    type Draft { id: ID! updatedAt: String! }
    type Query { ready: Boolean! }
    type Mutation { updateDraft(id: ID!, state: JSON!): Draft }
  `,
  resolvers: {
    Query: { ready: () => true },
    Mutation: {
      updateDraft: async (_, { id, state }: { id: string; state: unknown }, { claims }) =>
        (await updateDraft(id, state, claims))[0],
    },
  },
});
const yoga = createYoga({
  schema,
  context: async ({ request }) => ({ claims: await claimsOf(request.headers.get("authorization")) }),
  graphiql: false,
  logging: false,
});
createServer(yoga).listen(port, host);
