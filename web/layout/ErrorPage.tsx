import { Button, Container, Stack, Text, Title } from "@mantine/core";
import { useRouteError } from "react-router";

/** In place of a page that has failed: a part of it could not be loaded, or it has a fault. */
export function ErrorPage() {
  const error = useRouteError();
  return (
    <Container size={560} px="md" py="xl" role="alert">
      <Stack gap="sm" align="flex-start">
        <Title order={1} size="h2">
          Something went wrong on this page
        </Title>
        <Text>What you have typed is kept. Load the page again to go on.</Text>
        {error instanceof Error && (
          <Text size="sm" c="dimmed">
            {error.message}
          </Text>
        )}
        <Button onClick={() => location.reload()}>Load again</Button>
      </Stack>
    </Container>
  );
}
