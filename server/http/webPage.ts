import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import compression from "compression";
import express, { type RequestHandler, Router } from "express";

export interface WebPageOptions {
  /** Where the built page is. */
  readonly folder: string;
  /** Where demo users sign in; undefined where there are none. */
  readonly demoSignInPath: string | undefined;
}

/** The addresses at which the page shows something; what it shows, it finds out itself. */
const PAGES = ["/", "/sessions/:id", "/e/:slug", "/funnel"];
// The build puts this where a nonce belongs.
const NONCE_PLACEHOLDER = "NONCE_OF_THIS_ANSWER";
const NONCE_BYTES = 16;

/** Serves the built page, under a policy that lets it run its own scripts and speak with this server alone. */
export function webPage({ folder, demoSignInPath }: WebPageOptions): Router {
  const page: RequestHandler = async (_request, response) => {
    const nonce = randomBytes(NONCE_BYTES).toString("base64");
    const built = await readFile(join(folder, "index.html"), "utf8");
    const signIn = demoSignInPath ? `<meta name="demo-sign-in" content="${demoSignInPath}" />` : "";
    const html = built.replaceAll(NONCE_PLACEHOLDER, nonce).replace("</head>", `${signIn}</head>`);
    // Each answer has a nonce of its own, so that none may be used again. `send` would add an ETag.
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
      // A third of the bytes, for those who are on trains. What the API answers is not compressed: secrets beside what
      // a caller has chosen could be guessed by the size.
      compression(),
      express.static(join(folder, "assets"), {
        // A name changes with the content.
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
    // The component library writes a few rules as it goes.
    `style-src 'self' 'nonce-${nonce}'`,
    // Organizers name pictures anywhere.
    "img-src 'self' https:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
