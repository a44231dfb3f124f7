import { fileURLToPath } from "node:url";
import { type RequestHandler, Router } from "express";
import { sendError } from "../http/sendError.ts";
import { signToken, type TokenSettings } from "../tokens.ts";
import { DEMO_USERS } from "./demoUsers.ts";

export const DEV_SIGN_IN_PATH = "/dev/sign-in";
export const GRAPHIQL_USER_SCRIPT_PATH = "/dev/graphiql-user.js";
const EXPIRES_IN = "12h";
const SCRIPT_FILE = fileURLToPath(new URL("graphiqlUser.js", import.meta.url));

/**
 * The sign-in for demo users, without a password, never in production. GET lists them; POST to the path with a user's
 * key returns `{token, user}`. Also serves GraphiQL's script that uses it.
 */
export function devSignIn(tokens: TokenSettings): Router {
  const signIn: RequestHandler<{ key: string }> = async (request, response) => {
    const user = DEMO_USERS.find(({ key }) => key === request.params.key);
    if (!user) return sendError(response, 404, { code: "NOT_FOUND", message: "This demo user does not exist." });
    const token = await signToken(tokens, { sub: user.id, role: user.role, expiresIn: EXPIRES_IN });
    response.json({ token, user });
  };
  return Router()
    .get(DEV_SIGN_IN_PATH, (_request, response) => {
      response.json({ users: DEMO_USERS });
    })
    .get(GRAPHIQL_USER_SCRIPT_PATH, (_request, response) => {
      response.sendFile(SCRIPT_FILE, { dotfiles: "allow" });
    })
    .post(`${DEV_SIGN_IN_PATH}/:key`, signIn);
}
