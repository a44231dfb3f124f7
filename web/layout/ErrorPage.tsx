import { Button, Container, Stack, Text, Title } from "@mantine/core";
import { useRouteError } from "react-router";

/** Shown if a page throws an error or can't be loaded. */
export function ErrorPage() {
  const error = useRouteError();
  return (
    <Container size={560} px="md" py="xl" role="alert">
      <Stack gap="sm" align="flex-start">
        <Title order={1} size="h2">
          Something went wrong
        </Title>
        <Text>Your changes are kept. Reload the page to continue.</Text>
        {error instanceof Error && (
          <Text size="sm" c="dimmed">
            {error.message}
          </Text>
        )}
        <Button onClick={() => location.reload()}>Reload</Button>
      </Stack>
    </Container>
  );
}
