import { signIn } from "./signedIn.ts";

export interface DemoUser {
  readonly key: string;
  readonly name: string;
  readonly id: string;
}

/** The path of the demo sign-in, which a development server writes into the page. Undefined elsewhere. */
export const DEMO_SIGN_IN_PATH = document.querySelector<HTMLMetaElement>('meta[name="demo-sign-in"]')?.content;

export async function listDemoUsers(path: string): Promise<readonly DemoUser[]> {
  return (await jsonOf(await fetch(path))).users;
}

export async function signInAsDemoUser(path: string, key: string): Promise<void> {
  const { token, user } = await jsonOf(await fetch(`${path}/${encodeURIComponent(key)}`, { method: "POST" }));
  signIn(token, user.name);
}

async function jsonOf(response: Response) {
  if (!response.ok) throw new Error(`The server returned status ${response.status}. Try again in a moment.`);
  return response.json();
}
