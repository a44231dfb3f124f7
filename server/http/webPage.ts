import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import compression from "compression";
import express, { type RequestHandler, Router } from "express";

export interface WebPageOptions {
  /** The folder of the built page. */
  readonly folder: string;
  /** The path of the sign-in for demo users, if there are any. */
  readonly demoSignInPath: string | undefined;
}

/** The routes of the page. They are resolved in the browser. */
const PAGES = ["/", "/sessions/:id", "/e/:slug", "/funnel"];
// The build writes this placeholder into index.html.
const NONCE_PLACEHOLDER = "NONCE_OF_THIS_ANSWER";
const NONCE_BYTES = 16;

/** Serves the built page, with a Content-Security-Policy that allows only its own scripts and requests to this server. */
export function webPage({ folder, demoSignInPath }: WebPageOptions): Router {
  const page: RequestHandler = async (_request, response) => {
    const nonce = randomBytes(NONCE_BYTES).toString("base64");
    const built = await readFile(join(folder, "index.html"), "utf8");
    const signIn = demoSignInPath ? `<meta name="demo-sign-in" content="${demoSignInPath}" />` : "";
    const html = built.replaceAll(NONCE_PLACEHOLDER, nonce).replace("</head>", `${signIn}</head>`);
    // `end`, because `send` would add an ETag, and each response has its own nonce.
    response
      .set({
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy(nonce),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
      })
      .end(html);
  };
  return Router()
    .use(
      "/assets",
      // Only assets: compressing an API response that has both secrets and a caller's input would reveal the secrets
      // by its size (BREACH).
      compression(),
      express.static(join(folder, "assets"), {
        // File names contain a content hash.
        immutable: true,
        maxAge: "1y",
        index: false,
        redirect: false,
        setHeaders: (response) => response.setHeader("X-Content-Type-Options", "nosniff"),
      }),
    )
    .get(PAGES, page);
}

function policy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    // Mantine adds style elements at run time.
    `style-src 'self' 'nonce-${nonce}'`,
    // Events show images from any host.
    "img-src 'self' https:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
