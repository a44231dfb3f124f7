import { Anchor, Container, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "react-router";

/** A page that shows only a message. */
export function Message({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <Container size={560} px={0} py="xl">
      <title>{`${title} · Stagekeep`}</title>
      <Stack gap="sm">
        <Title order={1} size="h2">
          {title}
        </Title>
        <Text component="div">{children}</Text>
        <Anchor component={Link} to="/">
          Back to your events
        </Anchor>
      </Stack>
    </Container>
  );
}
