import { useQuery } from "@apollo/client/react";
import { Button, Card, Group, Image, Stack, Text, Title } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useParams } from "react-router";
import { choicesOf, schemaAt } from "../../wizard/fields.ts";
import { STAGES } from "../../wizard/stages.ts";
import { type PublishedEvent, PublishedEventDocument, type PublishedTicket } from "../api/documents.ts";
import { errorText } from "../api/errorText.ts";
import { formatMoney } from "../format/money.ts";
import { formatMoment, formatSpan, isTimeZone } from "../format/zonedTime.ts";
import { Loading } from "../layout/Loading.tsx";
import { Message } from "../layout/Message.tsx";
import classes from "./EventPage.module.css";

const Markdown = lazy(() => import("./Markdown.tsx"));

/** The public page of a published event. Visitors do not need to sign in. */
export default function EventPage() {
  const { slug = "" } = useParams();
  const { data, error, loading } = useQuery(PublishedEventDocument, { variables: { slug } });
  if (data?.publishedEvent) return <EventDetails event={data.publishedEvent} />;
  if (loading) return <Loading />;
  if (error) return <Message title="This event can't be loaded">{errorText(error)}</Message>;
  return <Message title="Event not found">It may be private, not published yet, or have another address.</Message>;
}

function EventDetails({ event }: { readonly event: PublishedEvent }) {
  // A browser may not know the name of a time zone yet.
  const zone = isTimeZone(event.timezone) ? event.timezone : "UTC";
  const online = event.mode === "ONLINE";
  const accent = event.accent ?? undefined;
  return (
    <article className={classes.event}>
      <title>{`${event.title} · Stagekeep`}</title>
      {event.summary && <meta name="description" content={event.summary} />}
      {event.coverImageUrl && (
        <Cover key={event.coverImageUrl} url={event.coverImageUrl} alt={event.coverImageAlt ?? ""} />
      )}
      <div className={classes.bar} style={{ background: accent }} aria-hidden="true" />
      <Stack gap="xs" mb="lg">
        <Text size="sm" fw={600} c="dimmed">
          {optionTitle("basics", "category", event.category)}
        </Text>
        <Title order={1} dir="auto">
          {event.title}
        </Title>
        {event.summary && (
          <Text size="lg" dir="auto">
            {event.summary}
          </Text>
        )}
        <Text>
          By <bdi>{event.organizerName}</bdi>
        </Text>
      </Stack>
      <div className={classes.columns}>
        <section aria-label="Description" className={classes.description}>
          <Suspense fallback={<Loading />}>
            <Markdown text={event.description} />
          </Suspense>
        </section>
        <Stack gap="md" component="aside">
          <Box title="When">
            <Text fw={600}>
              {formatSpan(event.startsAt, event.endsAt, zone) ?? "The date has not been announced yet."}
            </Text>
            {event.doorsAt && <Text size="sm">Doors open: {formatMoment(event.doorsAt, zone)}</Text>}
            <Text size="sm" c="dimmed">
              Time zone: {zone.replaceAll("_", " ")}
            </Text>
          </Box>
          <Box title="Where">
            {!online && (
              <Text component="address" style={{ fontStyle: "normal" }}>
                {addressLines(event).map((line) => (
                  <span key={line} className={classes.line} dir="auto">
                    {line}
                  </span>
                ))}
              </Text>
            )}
            {event.mode !== "VENUE" && <Text>{online ? "Online." : "Also online."} Ticket holders get the link.</Text>}
          </Box>
          <Box title="Tickets">
            <Stack component="ul" gap="sm" m={0} p={0} style={{ listStyle: "none" }}>
              {event.tickets.map((ticket) => (
                <Ticket key={ticket.key} ticket={ticket} currency={event.currency} zone={zone} />
              ))}
            </Stack>
            {event.refundPolicy && (
              <Text size="sm" c="dimmed">
                Refunds: {optionTitle("publish", "refundPolicy", event.refundPolicy)}
              </Text>
            )}
          </Box>
          {event.supportEmail && (
            <Button component="a" href={mailto(event.supportEmail)} color={accent} autoContrast>
              Contact the organizer
            </Button>
          )}
        </Stack>
      </div>
    </article>
  );
}

/** Shows nothing if the image can't be loaded. */
function Cover({ url, alt }: { readonly url: string; readonly alt: string }) {
  const [failed, setFailed] = useState(false);
  if (failed) return null;
  return (
    <Image
      src={url}
      alt={alt}
      radius="lg"
      className={classes.cover}
      referrerPolicy="no-referrer"
      onError={() => setFailed(true)}
    />
  );
}

function Box({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Card withBorder radius="lg" component="section" aria-label={title}>
      <Stack gap={6}>
        <Title order={2} size="h5">
          {title}
        </Title>
        {children}
      </Stack>
    </Card>
  );
}

interface TicketProps {
  readonly ticket: PublishedTicket;
  readonly currency: string | null;
  readonly zone: string;
}

function Ticket({ ticket, currency, zone }: TicketProps) {
  const [start, end] = [formatMoment(ticket.salesStart, zone), formatMoment(ticket.salesEnd, zone)];
  return (
    <li>
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text fw={600} dir="auto">
          {ticket.name}
        </Text>
        <Text fw={600} flex="none">
          {priceOf(ticket, currency)}
        </Text>
      </Group>
      {start && <Text size="sm">On sale from {start}</Text>}
      {end && <Text size="sm">On sale until {end}</Text>}
      {ticket.maxPerOrder !== null && <Text size="sm">Maximum {ticket.maxPerOrder} per order</Text>}
    </li>
  );
}

/** Encodes "?" and "&" in the address: unencoded, they could add recipients or a text. */
function mailto(address: string): string {
  const at = address.lastIndexOf("@");
  return `mailto:${encodeURIComponent(address.slice(0, at))}${address.slice(at)}`;
}

function priceOf({ kind, priceMinor }: PublishedTicket, currency: string | null): string {
  if (kind === "PAID" && priceMinor !== null) return formatMoney(Number(priceMinor), currency ?? undefined);
  return optionTitle("tickets", "tickets", "any", "kind", kind.toLowerCase());
}

/** The label of an option in the wizard. */
function optionTitle(stageKey: string, ...path: readonly string[]): string {
  const value = path.at(-1) ?? "";
  const stage = STAGES.find(({ key }) => key === stageKey);
  const choices = stage && choicesOf(schemaAt(stage.schema, path.slice(0, -1)));
  return choices?.find((choice) => choice.const === value)?.title ?? value;
}

function addressLines({ venueName, address, postalCode, city, region, country }: PublishedEvent): string[] {
  const countryName = country ? new Intl.DisplayNames("en", { type: "region" }).of(country) : undefined;
  const town = [postalCode, city].filter(Boolean).join(" ");
  return [venueName, address, town, region, countryName].filter((line): line is string => Boolean(line));
}
