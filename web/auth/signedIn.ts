/** Who is signed in, and the token that says so to the server. */
export interface SignedIn {
  readonly token: string;
  readonly userId: string;
  readonly role: string;
  readonly name: string | undefined;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What is known of the session in this browser: nobody, somebody, or somebody whose token has ended. */
export interface AuthState {
  readonly user: SignedIn | undefined;
  readonly ended: boolean;
}

const STORAGE_KEY = "stagekeep.signedIn";
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;
let state: AuthState = stateOf(read());

/** For `useSyncExternalStore`. */
export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function authState(): AuthState {
  return state;
}

/** The token to send; none when nobody is signed in. */
export function currentToken(): string | undefined {
  return state.user?.token;
}

/** The same, as long as it has not ended. */
export function goodToken(): string | undefined {
  return state.ended ? undefined : currentToken();
}

/**
 * Takes a token over, whoever has issued it. The server checks it; here it is only read.
 * @throws {Error} when it is no token, or has ended already.
 */
export function signIn(token: string, name?: string): void {
  const user = readToken(token.trim(), name);
  if (!user) throw new Error("This is not a token: it has to have three parts with dots between them.");
  if (user.expiresAt <= Date.now()) throw new Error("This token has ended. Ask for a new one.");
  store(JSON.stringify({ token: user.token, name }));
  become(stateOf(user));
}

export function signOut(): void {
  store(undefined);
  become(stateOf(undefined));
}

/** The server does not accept the token any more. What is on the page stays there. */
export function endToken(token: string | undefined): void {
  if (token !== undefined && token === state.user?.token && !state.ended) become({ ...state, ended: true });
}

// Another tab has signed in or out.
window.addEventListener("storage", ({ key }) => {
  if (key === STORAGE_KEY || key === null) become(stateOf(read()));
});

function become(next: AuthState): void {
  state = next;
  for (const listener of listeners) listener();
}

function stateOf(user: SignedIn | undefined): AuthState {
  clearTimeout(timer);
  if (!user) return { user, ended: false };
  const left = user.expiresAt - Date.now();
  if (left > 0) timer = setTimeout(() => become(stateOf(user)), Math.min(left, LONGEST_TIMER_MS));
  return { user, ended: left <= 0 };
}

function read(): SignedIn | undefined {
  try {
    const { token, name } = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}");
    return typeof token === "string" ? readToken(token, typeof name === "string" ? name : undefined) : undefined;
  } catch {
    return undefined;
  }
}

// Where nothing can be stored (a private window that forbids it), one stays signed in until the page is left.
function store(text: string | undefined): void {
  try {
    if (text === undefined) localStorage.removeItem(STORAGE_KEY);
    else localStorage.setItem(STORAGE_KEY, text);
  } catch {}
}

function readToken(token: string, name: string | undefined): SignedIn | undefined {
  try {
    const part = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    const { sub, role, exp } = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof sub !== "string" || typeof exp !== "number") return undefined;
    return { token, userId: sub, role: String(role), name, expiresAt: exp * 1000 };
  } catch {
    return undefined;
  }
}
