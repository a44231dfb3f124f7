import { Card, Container, Stack, Text, Title } from "@mantine/core";
import { DEMO_SIGN_IN_PATH } from "./demoUsers.ts";
import { SignInForm } from "./SignInForm.tsx";

export function SignInPage() {
  return (
    <Container size={520} px={0} py="xl">
      <title>Sign in · Stagekeep</title>
      <Card withBorder padding="xl" radius="lg">
        <Stack gap="md">
          <Title order={1} size="h2">
            Sign in
          </Title>
          {DEMO_SIGN_IN_PATH && (
            <Text>Choose a demo user. This is a development server, so you don't need a password.</Text>
          )}
          <SignInForm />
        </Stack>
      </Card>
    </Container>
  );
}
