import { signIn } from "./signedIn.ts";

export interface DemoUser {
  readonly key: string;
  readonly name: string;
  readonly id: string;
}

/** Where demo users sign in; undefined where there are none. The server writes it into the page. */
export const DEMO_SIGN_IN_PATH = document.querySelector<HTMLMetaElement>('meta[name="demo-sign-in"]')?.content;

export async function listDemoUsers(path: string): Promise<readonly DemoUser[]> {
  return (await answer(await fetch(path))).users;
}

export async function signInAsDemoUser(path: string, key: string): Promise<void> {
  const { token, user } = await answer(await fetch(`${path}/${encodeURIComponent(key)}`, { method: "POST" }));
  signIn(token, user.name);
}

async function answer(response: Response) {
  if (!response.ok) throw new Error(`The server answered ${response.status}. Try again in a moment.`);
  return response.json();
}
