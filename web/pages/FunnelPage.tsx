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
const DAYS_AT_FIRST = 30;

export default function FunnelPage() {
  const { user } = useAuth();
  if (!user || !ANALYST_ROLES.includes(user.role)) {
    return <Message title="This page is for analysts">Sign in with a token whose role may read statistics.</Message>;
  }
  return <Funnel />;
}

function Funnel() {
  const [from, setFrom] = useState(() => dayOf(Date.now() - DAYS_AT_FIRST * DAY_MS));
  const [to, setTo] = useState(() => dayOf(Date.now()));
  const chosen = isDay(from) && isDay(to) && from <= to;
  const { data, previousData, error } = useQuery(FunnelDocument, {
    // Whole days in UTC, the last one included.
    variables: { from: `${from}T00:00:00Z`, to: chosen ? new Date(Date.parse(to) + DAY_MS).toISOString() : "" },
    skip: !chosen,
  });
  const stages = (data ?? previousData)?.wizardFunnel;
  return (
    <Stack gap="lg">
      <title>Funnel · Stagekeep</title>
      <Title order={1}>How far people get</Title>
      <Group align="flex-end">
        <TextInput type="date" label="From" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
        <TextInput
          type="date"
          label="To"
          value={to}
          error={chosen ? undefined : "Choose a day that is not before the first one."}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      </Group>
      <Text size="sm" c="dimmed">
        Sessions that were begun on these days (UTC), at most 400 of them. Times are shown where at least five sessions
        tell.
      </Text>
      {error && <Alert color="red" role="alert" title="The numbers can't be shown" children={errorText(error)} />}
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
        <Table.Caption>Each stage of the wizard, from the sessions of these days</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            {["Stage", "Reached", "Went no further", "Set aside here", "Completed", "Median time", "90 % within"].map(
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
