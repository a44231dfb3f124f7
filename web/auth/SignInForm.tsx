import { Alert, Button, Group, Loader, PasswordInput, Stack, Text } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { DEMO_SIGN_IN_PATH, type DemoUser, listDemoUsers, signInAsDemoUser } from "./demoUsers.ts";
import { signIn } from "./signedIn.ts";

interface SignInFormProps {
  /** The user who must sign in again, after their token has expired. */
  readonly userId?: string;
}

/** Signs in as a demo user on a development server, and with a pasted token elsewhere. */
export function SignInForm({ userId }: SignInFormProps) {
  return DEMO_SIGN_IN_PATH ? <DemoSignIn path={DEMO_SIGN_IN_PATH} userId={userId} /> : <TokenSignIn />;
}

function DemoSignIn({ path, userId }: SignInFormProps & { readonly path: string }) {
  const [users, setUsers] = useState<readonly DemoUser[]>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    listDemoUsers(path).then(setUsers, (error: Error) => setFailure(error.message));
  }, [path]);
  const choose = (key: string) => signInAsDemoUser(path, key).catch((error: Error) => setFailure(error.message));
  const same = users?.filter(({ id }) => id === userId) ?? [];
  const offered = same.length > 0 ? same : users;
  return (
    <Stack gap="sm">
      {failure !== undefined && <Alert color="red" role="alert" title="Sign-in failed" children={failure} />}
      {!users && !failure && <Loader size="sm" aria-label="Loading" />}
      <Group gap="sm">
        {offered?.map(({ key, name }) => (
          <Button key={key} size="md" onClick={() => choose(key)}>
            Sign in as {name}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}

function TokenSignIn() {
  const [failure, setFailure] = useState<string>();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    try {
      signIn(String(new FormData(event.currentTarget).get("token")));
    } catch (error) {
      setFailure((error as Error).message);
    }
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          Paste a token (JWT) from the sign-in service of your organization. It stays in this browser until you sign
          out.
        </Text>
        <PasswordInput name="token" label="Token" required error={failure} autoComplete="off" w="100%" />
        <Button type="submit">Sign in</Button>
      </Stack>
    </form>
  );
}
