export { type ApolloTransportOptions, apolloTransport } from "./apolloTransport.ts";
export * from "./autosave/index.ts";
export * from "./generated/operations.ts";
export { useWizardSession, type WizardSessionHandle, type WizardSessionOptions } from "./useWizardSession.ts";
