// Errors of our dependencies that only their English text identifies: they have neither a code nor a class of their own.
// `upstreamMessages.test.ts` produces each one with the installed version.

/** pg-pool had no free connection in time. https://github.com/brianc/node-postgres/blob/master/packages/pg-pool/index.js */
export const NO_FREE_CONNECTION = /^timeout exceeded when trying to connect$/;

/** pg lost its connection, or got none in time. https://github.com/brianc/node-postgres/blob/master/packages/pg/lib/client.js */
export const CONNECTION_LOST =
  /^(?:Connection terminated|Client has encountered a connection error and is not queryable$|Client was closed and is not queryable$)/;

/** A delete found no row. https://github.com/graphile/crystal/blob/main/grafast/dataplan-pg/src/steps/pgDeleteSingle.ts */
export const NO_ROW_DELETED = /^No values were deleted in collection /;

/**
 * A filter holds null or an empty object.
 * https://github.com/graphile-contrib/postgraphile-plugin-connection-filter/blob/master/src/utils.ts
 */
export const FORBIDDEN_FILTER_VALUE = /are forbidden in filter argument input\.$/;

/** V8 ran out of stack. https://github.com/v8/v8/blob/main/src/common/message-template.h (kStackOverflow) */
export const STACK_OVERFLOW = /^Maximum call stack size exceeded$/;
