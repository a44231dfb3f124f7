import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache, ServerError } from "@apollo/client";
import { ApolloProvider, useMutation, useQuery } from "@apollo/client/react";
import type { FormEvent } from "react";
import { createRoot } from "react-dom/client";

/** A front end as another team would write it. It uses Apollo Client as documented, and nothing of `client/`. */
interface WizardSession {
  readonly __typename: "WizardSession";
  readonly id: string;
  readonly revision: number;
  readonly stage: number;
  readonly state: unknown;
}

const READ = gql`
  query Session($id: UUID!) {
    wizardSession(id: $id) {
      id
      revision
      stage
      state
    }
  }
`;

const UPDATE = gql`
  mutation UpdateWizardSession($id: UUID!, $patch: WizardSessionPatch!) {
    updateWizardSession(input: { id: $id, patch: $patch }) {
      wizardSession {
        id
        revision
        stage
        state
      }
    }
  }
`;

const settings = new URLSearchParams(location.hash.slice(1));
const sessionId = settings.get("session") ?? "";
const token = settings.get("token");

const client = new ApolloClient({
  link: new HttpLink({ uri: settings.get("api") ?? "", headers: token ? { authorization: `Bearer ${token}` } : {} }),
  cache: new InMemoryCache(),
});

/** Shows the session in the cache. It is read once and has no subscription. */
function Shown() {
  const { data, error } = useQuery<{ wizardSession: WizardSession | null }>(READ, { variables: { id: sessionId } });
  if (error) return <Failure name="Not read" error={error} />;
  const session = data?.wizardSession;
  if (!session) return data ? <p>There is no such session</p> : null;
  return (
    <section aria-label="Session">
      <p>
        Revision {session.revision}, stage {session.stage}
      </p>
      <pre>{JSON.stringify(session.state)}</pre>
    </section>
  );
}

function Editor() {
  const [update, { data, error, loading }] = useMutation<{ updateWizardSession: { wizardSession: WizardSession } }>(
    UPDATE,
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const patch = JSON.parse(String(form.get("patch")));
    // The error is shown below.
    update({ variables: { id: form.get("id"), patch } }).catch(() => {});
  };
  const saved = data?.updateWizardSession.wizardSession.revision;
  return (
    <form onSubmit={submit}>
      <label>
        Id <input name="id" defaultValue={sessionId} />
      </label>
      <label>
        Patch <textarea name="patch" />
      </label>
      <button type="submit">Update</button>
      {loading && <p>Updating</p>}
      {!loading && saved !== undefined && !error && <p>Updated to revision {saved}</p>}
      {!loading && error && <Failure name="Not updated" error={error} />}
    </form>
  );
}

function Failure({ name, error }: { readonly name: string; readonly error: Error }) {
  return (
    <pre role="alert" aria-label={name}>
      {JSON.stringify(describe(error))}
    </pre>
  );
}

/** The properties by which a front end can tell errors apart. */
function describe(error: Error): object {
  if (CombinedGraphQLErrors.is(error)) {
    return {
      is: "CombinedGraphQLErrors",
      errors: error.errors.map(({ message, extensions }) => ({ message, extensions })),
    };
  }
  if (ServerError.is(error)) {
    const challenge = error.response.headers.get("www-authenticate");
    return { is: "ServerError", status: error.statusCode, challenge, body: error.bodyText };
  }
  return { is: error.name, message: error.message };
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <ApolloProvider client={client}>
      <Shown />
      <Editor />
    </ApolloProvider>,
  );
}
