import { Alert, Stack, Text } from "@mantine/core";
import { SignInForm } from "./SignInForm.tsx";
import { useAuth } from "./useAuth.ts";

/** Shown on top of whatever is on the page when the token has ended. The page itself stays as it is. */
export function SignInAgain() {
  const { user, ended } = useAuth();
  if (!user || !ended) return null;
  return (
    <Alert color="yellow" role="alert" title="Your sign-in has ended" mb="md">
      <Stack gap="sm">
        <Text size="sm">
          Nothing is lost: what you type is kept on this device. Sign in again{user.name ? ` as ${user.name}` : ""} to
          save it.
        </Text>
        <SignInForm userId={user.userId} />
      </Stack>
    </Alert>
  );
}
