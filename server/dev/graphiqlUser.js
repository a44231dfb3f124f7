// Runs in GraphiQL's page: a menu to sign in as a demo user, whose token is added to every GraphQL request.
// Served to the browser as it is.
const { signInPath, graphqlPath } = document.currentScript.dataset;
const STORAGE_KEY = "stagekeep:graphiql-user";
const ANONYMOUS = "";

let current = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "null");

const plainFetch = window.fetch;
window.fetch = async (input, init = {}) => {
  const request = new Request(input, init);
  const isGraphql = new URL(request.url).pathname === graphqlPath;
  // A header typed into GraphiQL's editor takes precedence.
  if (!isGraphql || !current || request.headers.has("authorization")) return plainFetch(input, init);
  const headers = new Headers(request.headers);
  headers.set("authorization", `Bearer ${current.token}`);
  const response = await plainFetch(input, { ...init, headers });
  // The token has expired, or the data folder was replaced. Demo users need no password, so sign in again.
  if (response.status !== 401) return response;
  await signIn(current.user.key);
  headers.set("authorization", `Bearer ${current.token}`);
  return plainFetch(input, { ...init, headers });
};

async function signIn(key) {
  const response = await plainFetch(`${signInPath}/${key}`, { method: "POST" });
  if (!response.ok) throw new Error(`Signing in as ${key} failed with ${response.status}.`);
  current = await response.json();
  localStorage.setItem(STORAGE_KEY, JSON.stringify(current));
}

function signOut() {
  current = null;
  localStorage.removeItem(STORAGE_KEY);
}

async function showBar() {
  const { users } = await (await plainFetch(signInPath)).json();
  const bar = document.createElement("form");
  bar.setAttribute("aria-label", "Demo user");
  bar.style.cssText =
    "position:fixed;top:3px;right:84px;z-index:20;display:flex;gap:8px;align-items:center;padding:2px 10px;" +
    "border-radius:8px;background:#1f2937;color:#fff;font:14px system-ui,sans-serif;box-shadow:0 1px 6px #0006";
  const label = document.createElement("label");
  label.textContent = "Signed in as ";
  label.style.whiteSpace = "nowrap";
  const select = document.createElement("select");
  select.style.cssText = "font:inherit;padding:2px 6px;color:#111;background:#fff;border-radius:4px";
  select.append(new Option("anonymous", ANONYMOUS), ...users.map(({ key, name }) => new Option(name, key)));
  select.value = current?.user.key ?? ANONYMOUS;
  const id = document.createElement("code");
  // Hides the id on narrow screens.
  id.style.cssText = "max-width:max(0px,100vw - 420px);overflow:hidden;text-overflow:ellipsis;white-space:nowrap";
  const showId = () => {
    id.textContent = current?.user.id ?? "";
  };
  showId();
  select.addEventListener("change", async () => {
    if (select.value === ANONYMOUS) signOut();
    else await signIn(select.value);
    showId();
  });
  label.append(select);
  bar.append(label, id);
  document.body.append(bar);
}

window.addEventListener("DOMContentLoaded", showBar);
