import { fileURLToPath } from "node:url";
import { PgAggregatesPreset } from "@graphile/pg-aggregates";
import { PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import type { Pool } from "pg";
import type {} from "postgraphile/grafserv/express/v4";
import type { RuruClientConfig } from "postgraphile/grafserv/ruru/server";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { changeNullability, pgSmartTagsFromFile } from "postgraphile/utils";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";
import { DEFINITION, type Definition } from "../wizard/migrations.ts";
import { type Claims, pgSettingsFor } from "./claims.ts";
import { makeSingleTripService } from "./database/pgService.ts";
import { type MaskedFailure, makeMaskError } from "./errors.ts";
import type { SessionChange } from "./live.ts";
import { CheckedTextEnumPlugin } from "./plugins/CheckedTextEnumPlugin.ts";
import { makeCompletedStatusPlugin } from "./plugins/CompletedStatusPlugin.ts";
import { makeCompletingPlugin } from "./plugins/CompletingPlugin.ts";
import { type ConstraintRule, makeConstraintsPlugin } from "./plugins/ConstraintsPlugin.ts";
import { DatetimePlugin } from "./plugins/DatetimePlugin.ts";
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
import { SavePayloadPlugin } from "./plugins/SavePayloadPlugin.ts";
import { makeSavingPlugin } from "./plugins/SavingPlugin.ts";
import { makeWizardPlugin } from "./plugins/WizardPlugin.ts";

export interface PresetOptions {
  /** Connects as the role authenticator. */
  readonly pool: Pool;
  /** The verified claims of a request; undefined if the caller is not signed in. */
  readonly claimsOf: (request: Partial<Grafast.RequestContext>) => Claims | undefined | Promise<Claims | undefined>;
  /** Starts the stream of a subscription. Without it, subscriptions are refused. */
  readonly watchSession?: (id: string, claims: Claims, socket: object) => Promise<AsyncIterableIterator<SessionChange>>;
  /** Logs an error whose cause is hidden from the client. */
  readonly logMasked: (failure: MaskedFailure) => void;
  readonly graphiql?: boolean;
  /** Rebuild the schema when graphile-migrate reports a change. */
  readonly watch?: boolean;
  readonly plugins?: readonly GraphileConfig.Plugin[];
  /** The wizard's definition; by default that of `wizard/`. */
  readonly definition?: Definition | undefined;
  /** What GraphiQL shows on the first visit. */
  readonly exampleQuery?: string;
}

export const GRAPHQL_PATH = "/graphql";
export const GRAPHIQL_PATH = "/graphiql";
/** Notifies GraphiQL of schema changes while `watch` is on. */
export const EVENT_STREAM_PATH = `${GRAPHQL_PATH}/stream`;
// Fits a state of 256 KiB in which JSON escapes every second character, and the rest of the request.
export const MAXIMUM_REQUEST_BYTES = 1024 * 1024;

const SMART_TAGS = fileURLToPath(new URL("smart-tags.json5", import.meta.url));
// smart-tags.json5 names the columns that lists can be filtered, ordered and aggregated by.
const DEFAULT_BEHAVIOR = "-attribute:orderBy -attribute:filterBy -attribute:aggregate -attribute:havingBy";
const PAGE_SIZE = { defaultSize: 50, maximum: 100 };
// GraphiQL's introspection query has about 100 fields and is 15 levels deep. 200 states are at most 50 MiB. The longest
// other texts are URLs of 2,048 characters; 20,000 of them add up to about as much.
const DOCUMENT_LIMITS = { fields: 500, width: 20, depth: 16, rows: 5000, values: 20_000, jsonValues: 200 };
// An event is sent for each save, and may wait in memory for a slow reader.
const SUBSCRIPTION_LIMITS = { ...DOCUMENT_LIMITS, values: 1_000, jsonValues: 2 };
const LARGE_FIELDS = {
  // An export has up to 16 MiB and takes several times that in memory. A document can contain one, and then no state.
  "Query.exportMyData": 200,
  "MyDataPage.rows": 200,
  // Up to 50,000 characters, readable without signing in.
  "Event.description": 1,
  "PublishedEvent.description": 1,
  // As large as the patch of a save.
  "WizardSessionRevision.changedPaths": 1,
};

/** Makes the preset that the server, the tests, the schema export and Graphile's own programs share. */
export function makePreset(options: PresetOptions): GraphileConfig.Preset {
  const { definition = DEFINITION } = options;
  const constraints = new Map<string, ConstraintRule>();
  return {
    extends: [
      PostGraphileAmberPreset,
      PgSimplifyInflectionPreset, // `wizardSessions` instead of `allWizardSessions`
      PgAggregatesPreset, // counts, groups and averages of lists
      PostGraphileConnectionFilterPreset, // the argument `filter` of lists
    ],
    plugins: [
      // Names and types that are read from the database.
      pgSmartTagsFromFile(SMART_TAGS),
      NamingPlugin,
      CheckedTextEnumPlugin,
      makeConstraintsPlugin(constraints),
      changeNullability({
        // The elements of these arrays are never null, which SQL can't declare.
        WizardSessionRevision: { changedPaths: "[!]!" },
        PublishedEvent: { tickets: "[!]!" },
        SaveWizardSessionPayload: { conflicts: "[!]!" },
      }),

      // Corrections to what PostGraphile generates from the tables.
      NotFoundPlugin,
      NullableOrderPlugin,
      NewestFirstPlugin,
      NoNegatedFiltersPlugin,
      makePageSizePlugin(PAGE_SIZE),

      // Checks of a request before it is planned, and the format of errors.
      makeDocumentLimitsPlugin({
        limits: DOCUMENT_LIMITS,
        subscriptionLimits: SUBSCRIPTION_LIMITS,
        largeFields: LARGE_FIELDS,
        defaultPageSize: PAGE_SIZE.defaultSize,
        maximumPageSize: PAGE_SIZE.maximum,
      }),
      ExactNumbersPlugin,
      DatetimePlugin,
      makeHttpErrorsPlugin(MAXIMUM_REQUEST_BYTES),

      // Operations that upgrade or validate a session in TypeScript, in the transaction of the SQL function.
      makeOpeningPlugin(definition),
      makeSavingPlugin(definition),
      SavePayloadPlugin,
      makeCompletingPlugin(definition),
      makeCompletedStatusPlugin(definition),
      DescriptionsPlugin,

      // Fields from the wizard's definition, and the subscription.
      makeWizardPlugin(definition),
      FunnelPlugin,
      LivePlugin,

      ...(options.plugins ?? []),
    ],
    disablePlugins: [
      // Global ids and `query { query }` are only for Relay.
      ...["NodePlugin", "QueryQueryPlugin"],
      // Filters and orders across tables: any client could make their plans expensive.
      ...["PgConnectionArgFilterForwardRelationsPlugin", "PgConnectionArgFilterBackwardRelationsPlugin"],
      ...["PgAggregatesFilterRelationalAggregatesPlugin", "PgAggregatesOrderByAggregatesPlugin"],
    ],
    pgServices: [makeSingleTripService(options.pool)],
    gather: {
      installWatchFixtures: false,
      // Function arguments without a default are required.
      pgStrictFunctions: true,
    },
    schema: {
      defaultBehavior: DEFAULT_BEHAVIOR,
      connectionFilterAllowedOperators: [
        ...["isNull", "equalTo", "notEqualTo", "in", "notIn"],
        ...["lessThan", "lessThanOrEqualTo", "greaterThan", "greaterThanOrEqualTo"],
      ],
      connectionFilterArrays: false,
      connectionFilterRelations: false,
      // Makes the items of lists non-null. No function here returns a set with a null row.
      pgForbidSetofFunctionsToReturnNull: true,
      dontSwallowErrors: true,
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
    // The type marks every setting as required, but none is.
    ruru: { clientConfig: { defaultQuery: options.exampleQuery } as RuruClientConfig },
  };
}
