import { useQuery } from "@apollo/client/react";
import { Alert, Card, Group, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { FunnelDocument, type FunnelStage } from "../api/documents.ts";
import { errorText } from "../api/errorText.ts";
import { useAuth } from "../auth/useAuth.ts";
import { formatDuration } from "../format/duration.ts";
import { ANALYST_ROLES } from "../layout/AppLayout.tsx";
import { Loading } from "../layout/Loading.tsx";
import { Message } from "../layout/Message.tsx";

const FunnelChart = lazy(() => import("./FunnelChart.tsx"));

const DAY_MS = 86_400_000;
const INITIAL_DAYS = 30;

export default function FunnelPage() {
  const { user } = useAuth();
  if (!user || !ANALYST_ROLES.includes(user.role)) {
    return (
      <Message title="This page is for analysts">
        Sign in with a token that has the role analyst or service_role.
      </Message>
    );
  }
  return <Funnel />;
}

function Funnel() {
  const [from, setFrom] = useState(() => dayOf(Date.now() - INITIAL_DAYS * DAY_MS));
  const [to, setTo] = useState(() => dayOf(Date.now()));
  const isValidRange = isDay(from) && isDay(to) && from <= to;
  const { data, previousData, error } = useQuery(FunnelDocument, {
    // Whole days in UTC, including the last one.
    variables: { from: `${from}T00:00:00Z`, to: isValidRange ? new Date(Date.parse(to) + DAY_MS).toISOString() : "" },
    skip: !isValidRange,
  });
  const stages = (data ?? previousData)?.wizardFunnel;
  return (
    <Stack gap="lg">
      <title>Funnel · Stagekeep</title>
      <Title order={1}>Wizard funnel</Title>
      <Group align="flex-end">
        <TextInput type="date" label="From" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
        <TextInput
          type="date"
          label="To"
          value={to}
          error={isValidRange ? undefined : "Choose a date that is not before the first one."}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      </Group>
      <Text size="sm" c="dimmed">
        Sessions that were started on these days (UTC). You can choose up to 400 days. A time is shown if at least five
        sessions contribute to it.
      </Text>
      {error && <Alert color="red" role="alert" title="The funnel can't be loaded" children={errorText(error)} />}
      {!stages && !error && <Loading />}
      {stages && (
        <>
          <Card withBorder radius="lg">
            <Suspense fallback={<Loading />}>
              <FunnelChart stages={stages} />
            </Suspense>
          </Card>
          <FunnelTable stages={stages} />
        </>
      )}
    </Stack>
  );
}

function FunnelTable({ stages }: { readonly stages: readonly FunnelStage[] }) {
  return (
    <Table.ScrollContainer
      minWidth={640}
      scrollAreaProps={{ viewportProps: { tabIndex: 0, role: "region", "aria-label": "Table of stages" } }}
    >
      <Table withTableBorder striped>
        <Table.Caption>The stages of the wizard, for the sessions of these days</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            {["Stage", "Reached", "Dropped off", "Abandoned here", "Completed", "Median time", "90th percentile"].map(
              (heading) => (
                <Table.Th key={heading} scope="col">
                  {heading}
                </Table.Th>
              ),
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {stages.map((stage) => (
            <Table.Tr key={stage.key}>
              <Table.Th scope="row">
                {stage.stage}. {stage.title}
              </Table.Th>
              <Table.Td>{stage.reached.toLocaleString("en")}</Table.Td>
              <Table.Td>
                {stage.dropOff.toLocaleString("en")}
                {stage.reached > 0 && ` (${percent(stage.dropOff / stage.reached)})`}
              </Table.Td>
              <Table.Td>{stage.abandoned.toLocaleString("en")}</Table.Td>
              <Table.Td>{stage.completed.toLocaleString("en")}</Table.Td>
              <Table.Td>{duration(stage.medianSeconds)}</Table.Td>
              <Table.Td>{duration(stage.p90Seconds)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function percent(share: number): string {
  return share.toLocaleString("en", { style: "percent" });
}

function duration(seconds: number | null): string {
  return seconds === null ? "too few" : formatDuration(seconds);
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text);
}
