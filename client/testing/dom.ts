import { JSDOM } from "jsdom";

/** Gives the test file that imports this a document, which React needs. */
const { window } = new JSDOM("<!doctype html><title>Test</title>", { url: "http://127.0.0.1/" });
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });
