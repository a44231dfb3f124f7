import { fileURLToPath } from "node:url";
import { PgAggregatesPreset } from "@graphile/pg-aggregates";
import { PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import type { Pool } from "pg";
import { makePgService } from "postgraphile/adaptors/pg";
import type {} from "postgraphile/grafserv/express/v4";
import type { RuruClientConfig } from "postgraphile/grafserv/ruru/server";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { changeNullability, pgSmartTagsFromFile } from "postgraphile/utils";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";
import { DEFINITION, type Definition } from "../wizard/migrations.ts";
import { type Claims, pgSettingsFor } from "./claims.ts";
import { type MaskedFailure, makeMaskError } from "./errors.ts";
import type { SessionChange } from "./live.ts";
import { CheckedTextEnumPlugin } from "./plugins/CheckedTextEnumPlugin.ts";
import { makeCompletingPlugin } from "./plugins/CompletingPlugin.ts";
import { ConflictsPlugin } from "./plugins/ConflictsPlugin.ts";
import { type ConstraintRule, makeConstraintsPlugin } from "./plugins/ConstraintsPlugin.ts";
import { DescriptionsPlugin } from "./plugins/DescriptionsPlugin.ts";
import { makeDocumentLimitsPlugin } from "./plugins/DocumentLimitsPlugin.ts";
import { ExactNumbersPlugin } from "./plugins/ExactNumbersPlugin.ts";
import { FunnelPlugin } from "./plugins/FunnelPlugin.ts";
import { makeHttpErrorsPlugin } from "./plugins/HttpErrorsPlugin.ts";
import { LivePlugin } from "./plugins/LivePlugin.ts";
import { NamingPlugin } from "./plugins/NamingPlugin.ts";
import { NewestFirstPlugin } from "./plugins/NewestFirstPlugin.ts";
import { NoNegatedFiltersPlugin } from "./plugins/NoNegatedFiltersPlugin.ts";
import { NotFoundPlugin } from "./plugins/NotFoundPlugin.ts";
import { NullableOrderPlugin } from "./plugins/NullableOrderPlugin.ts";
import { makeOpeningPlugin } from "./plugins/OpeningPlugin.ts";
import { makePageSizePlugin } from "./plugins/PageSizePlugin.ts";
import { makeSavingPlugin } from "./plugins/SavingPlugin.ts";
import { makeWizardPlugin } from "./plugins/WizardPlugin.ts";

export interface PresetOptions {
  /** Connects as authenticator. */
  readonly pool: Pool;
  /** The verified claims of a request; undefined for somebody who is not signed in. */
  readonly claimsOf: (request: Partial<Grafast.RequestContext>) => Claims | undefined | Promise<Claims | undefined>;
  /** What subscriptions listen to; without it there are none. */
  readonly watchSession?: (id: string, claims: Claims, socket: object) => Promise<AsyncIterableIterator<SessionChange>>;
  readonly logMasked: (failure: MaskedFailure) => void;
  readonly graphiql?: boolean;
  /** Read the schema again when graphile-migrate says that it changed. */
  readonly watch?: boolean;
  readonly plugins?: readonly GraphileConfig.Plugin[];
  /** The version of the wizard's stages; absent: that of `wizard/`. */
  readonly definition?: Definition | undefined;
  /** What GraphiQL shows to somebody who opens it for the first time. */
  readonly exampleQuery?: string;
}

export const GRAPHQL_PATH = "/graphql";
export const GRAPHIQL_PATH = "/graphiql";
/** Where GraphiQL hears of a changed schema while `watch` is on. */
export const EVENT_STREAM_PATH = `${GRAPHQL_PATH}/stream`;
const SMART_TAGS = fileURLToPath(new URL("smart-tags.json5", import.meta.url));
// smart-tags.json5 names the columns that lists can be filtered, ordered and aggregated by.
const DEFAULT_BEHAVIOR = "-attribute:orderBy -attribute:filterBy -attribute:aggregate -attribute:havingBy";
const DEFAULT_PAGE_SIZE = 50;
const MAXIMUM_PAGE_SIZE = 100;
// A state of 256 KiB, written in JSON with every second character escaped, and the rest of the request.
export const MAXIMUM_REQUEST_BYTES = 1024 * 1024;
// GraphiQL's own introspection has about 100 fields and is 15 deep.
// 200 states are 50 MiB at the most. The longest other text, an address of 2,048 characters, comes to about as much.
const DOCUMENT_LIMITS = { fields: 500, width: 20, depth: 16, rows: 5000, values: 20_000, jsonValues: 200 };
// An event is sent at each save, and may have to wait for a slow reader.
const SUBSCRIPTION_LIMITS = { ...DOCUMENT_LIMITS, values: 1_000, jsonValues: 2 };
const LARGE_FIELDS = {
  // 16 MiB at the most, and several times that while it is made: one in a document, and no state beside it.
  "Query.exportMyData": 200,
  // 50,000 characters, for anybody.
  "Event.description": 1,
  "PublishedEvent.description": 1,
  // As much as was saved at once.
  "WizardSessionRevision.changedPaths": 1,
};

/** What the API is. The server, the tests and the export of the schema all use this one. */
export function makePreset(options: PresetOptions): GraphileConfig.Preset {
  const { definition = DEFINITION } = options;
  const constraints = new Map<string, ConstraintRule>();
  return {
    extends: [
      PostGraphileAmberPreset,
      PgSimplifyInflectionPreset,
      PgAggregatesPreset,
      PostGraphileConnectionFilterPreset,
    ],
    plugins: [
      pgSmartTagsFromFile(SMART_TAGS),
      NamingPlugin,
      CheckedTextEnumPlugin,
      makeConstraintsPlugin(constraints),
      NewestFirstPlugin,
      NotFoundPlugin,
      NoNegatedFiltersPlugin,
      NullableOrderPlugin,
      makeDocumentLimitsPlugin({
        limits: DOCUMENT_LIMITS,
        subscriptionLimits: SUBSCRIPTION_LIMITS,
        largeFields: LARGE_FIELDS,
        defaultPageSize: DEFAULT_PAGE_SIZE,
        maximumPageSize: MAXIMUM_PAGE_SIZE,
      }),
      ExactNumbersPlugin,
      makeHttpErrorsPlugin(MAXIMUM_REQUEST_BYTES),
      makePageSizePlugin({ defaultSize: DEFAULT_PAGE_SIZE, maximum: MAXIMUM_PAGE_SIZE }),
      makeSavingPlugin(definition),
      ConflictsPlugin,
      makeOpeningPlugin(definition),
      makeCompletingPlugin(definition),
      makeWizardPlugin(definition),
      DescriptionsPlugin,
      FunnelPlugin,
      LivePlugin,
      // No array that our functions return has an element that is null.
      changeNullability({
        WizardSessionRevision: { changedPaths: "[!]!" },
        PublishedEvent: { tickets: "[!]!" },
        SaveWizardSessionPayload: { conflicts: "[!]!" },
      }),
      ...(options.plugins ?? []),
    ],
    disablePlugins: [
      // Global ids and `query { query }` serve Relay alone.
      ...["NodePlugin", "QueryQueryPlugin"],
      // Filtering and ordering by what other tables hold: a plan that any client could make dear.
      ...["PgConnectionArgFilterForwardRelationsPlugin", "PgConnectionArgFilterBackwardRelationsPlugin"],
      ...["PgAggregatesFilterRelationalAggregatesPlugin", "PgAggregatesOrderByAggregatesPlugin"],
    ],
    pgServices: [makePgService({ pool: options.pool, schemas: ["public"] })],
    gather: {
      installWatchFixtures: false,
      // An argument without a default has to be given.
      pgStrictFunctions: true,
    },
    schema: {
      connectionFilterAllowedOperators: [
        ...["isNull", "equalTo", "notEqualTo", "in", "notIn"],
        ...["lessThan", "lessThanOrEqualTo", "greaterThan", "greaterThanOrEqualTo"],
      ],
      connectionFilterArrays: false,
      connectionFilterRelations: false,
      // A list's items are never null: no function here gives such rows.
      pgForbidSetofFunctionsToReturnNull: true,
      dontSwallowErrors: true,
      defaultBehavior: DEFAULT_BEHAVIOR,
    },
    grafast: {
      explain: false,
      context: async (request) => {
        const claims = await options.claimsOf(request);
        const { watchSession } = options;
        const socket = request.ws?.socket;
        return {
          pgSettings: { ...pgSettingsFor(claims), "stagekeep.definition_version": String(definition.version) },
          watchSession: watchSession && claims && socket ? (id: string) => watchSession(id, claims, socket) : undefined,
        };
      },
    },
    grafserv: {
      graphqlPath: GRAPHQL_PATH,
      eventStreamPath: EVENT_STREAM_PATH,
      graphiqlPath: GRAPHIQL_PATH,
      graphiql: options.graphiql ?? false,
      graphiqlOnGraphQLGET: false,
      watch: options.watch ?? false,
      maxRequestLength: MAXIMUM_REQUEST_BYTES,
      maskError: makeMaskError({ constraints, log: options.logMasked }),
    },
    // The type asks for every one of its settings, the code for none.
    ruru: { clientConfig: { defaultQuery: options.exampleQuery } as RuruClientConfig },
  };
}
