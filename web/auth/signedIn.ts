/** The signed-in user and the token to send to the server. */
export interface SignedIn {
  readonly token: string;
  readonly userId: string;
  readonly role: string;
  readonly name: string | undefined;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

/** The sign-in of this browser: no user, a user, or a user whose token has expired. */
export interface AuthState {
  readonly user: SignedIn | undefined;
  readonly expired: boolean;
}

const STORAGE_KEY = "stagekeep.signedIn";
const MAX_TIMER_MS = 2 ** 31 - 1;

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

/** The token to send. Undefined if no user is signed in. */
export function currentToken(): string | undefined {
  return state.user?.token;
}

/** The token, unless it has expired. */
export function validToken(): string | undefined {
  return state.expired ? undefined : currentToken();
}

/**
 * Signs in with a token from any issuer. Only the server verifies it.
 * @throws {Error} if it is not a token or has expired.
 */
export function signIn(token: string, name?: string): void {
  const user = readToken(token.trim(), name);
  if (!user) throw new Error("This is not a valid token. A token has three parts separated by dots.");
  if (user.expiresAt <= Date.now()) throw new Error("This token has expired. Get a new one.");
  store(JSON.stringify({ token: user.token, name }));
  setState(stateOf(user));
}

export function signOut(): void {
  store(undefined);
  setState(stateOf(undefined));
}

/** Called when the server refuses the token. The page keeps its content. */
export function expireToken(token: string | undefined): void {
  if (token !== undefined && token === state.user?.token && !state.expired) setState({ ...state, expired: true });
}

// Another tab has signed in or out.
window.addEventListener("storage", ({ key }) => {
  if (key === STORAGE_KEY || key === null) setState(stateOf(read()));
});

function setState(next: AuthState): void {
  state = next;
  for (const listener of listeners) listener();
}

function stateOf(user: SignedIn | undefined): AuthState {
  clearTimeout(timer);
  if (!user) return { user, expired: false };
  const left = user.expiresAt - Date.now();
  if (left > 0) timer = setTimeout(() => setState(stateOf(user)), Math.min(left, MAX_TIMER_MS));
  return { user, expired: left <= 0 };
}

function read(): SignedIn | undefined {
  try {
    const { token, name } = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}");
    return typeof token === "string" ? readToken(token, typeof name === "string" ? name : undefined) : undefined;
  } catch {
    return undefined;
  }
}

// If the browser blocks storage, as some private windows do, the sign-in lasts until the page is closed.
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
