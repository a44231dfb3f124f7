import { Alert, Stack, Text } from "@mantine/core";
import { SignInForm } from "./SignInForm.tsx";
import { useAuth } from "./useAuth.ts";

/** Shown above the content when the token has expired. The content stays. */
export function SignInAgain() {
  const { user, expired } = useAuth();
  if (!user || !expired) return null;
  return (
    <Alert color="yellow" role="alert" title="Your sign-in has expired" mb="md">
      <Stack gap="sm">
        <Text size="sm">
          Nothing is lost: your changes are kept on this device. Sign in again{user.name ? ` as ${user.name}` : ""} to
          save them.
        </Text>
        <SignInForm userId={user.userId} />
      </Stack>
    </Alert>
  );
}
