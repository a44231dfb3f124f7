import { loadOneWithPgClient } from "postgraphile/@dataplan/pg";
import type { FieldArgs, Step } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { extendSchema, gql } from "postgraphile/utils";

/** `publishedEvent`: the page of an event, for everybody who knows its address. */
export const PublishedEventPlugin: GraphileConfig.Plugin = extendSchema((build) => {
  const { events } = build.pgResources;
  if (!events) throw new Error("The table events is missing: migrate the database.");

  return {
    typeDefs: gql`
      extend type Query {
        """
        The page of an event that is published, public or unlisted, by the last part of its address. Anybody may read it.
        Null when there is none.
        """
        publishedEvent(slug: String!): PublishedEvent
      }

      """What everybody may know of a published event."""
      type PublishedEvent {
        """The event's id."""
        id: UUID!
        """The last part of its page's address."""
        slug: String!
        """What it is called."""
        title: String!
        """One of the wizard's categories."""
        category: String!
        """One sentence for lists."""
        summary: String
        """Who invites."""
        organizerName: String!
        """The IANA name of the time zone in which its times are to be shown."""
        timezone: String!
        """When it begins."""
        startsAt: Datetime!
        """When it ends."""
        endsAt: Datetime!
        """When people are let in."""
        doorsAt: Datetime
        """At a venue, online, or both."""
        mode: EventMode!
        """What the place is called."""
        venueName: String
        """Street and number."""
        address: String
        """The city, town or village."""
        city: String
        """The state, province or county."""
        region: String
        """The postal code."""
        postalCode: String
        """The country, as two letters of ISO 3166-1."""
        country: String
        """The currency of all prices, as three letters of ISO 4217."""
        currency: String!
        """What people should know before they come, in Markdown."""
        description: String!
        """The https address of a picture."""
        coverImageUrl: String
        """What the picture shows."""
        coverImageAlt: String
        """A colour for buttons and links."""
        accent: String
        """Where people with questions write to."""
        supportEmail: String
        """Public or unlisted."""
        visibility: EventVisibility!
        """Until when people get their money back."""
        refundPolicy: String
        """The kinds of tickets, the cheapest first."""
        tickets: [PublishedTicket!]!
      }

      """A kind of ticket for a published event."""
      type PublishedTicket {
        """What tells it from the event's other tickets."""
        key: String!
        """What it is called."""
        name: String!
        """Free, paid, or pay what you want."""
        kind: EventTicketKind!
        """The price in the smallest unit of the event's currency; null unless it is a paid one."""
        priceMinor: BigInt
        """How many there are."""
        quantity: Int!
        """How many one person can order at a time; null where it does not matter."""
        maxPerOrder: Int
        """From when on it can be ordered; null for as soon as the event is published."""
        salesStart: Datetime
        """Until when it can be ordered; null for until the event is over."""
        salesEnd: Datetime
      }
    `,
    objects: {
      Query: {
        plans: {
          publishedEvent: (_: Step, args: FieldArgs) =>
            loadOneWithPgClient(events.executor, args.getRaw("slug"), async (client, slugs) => {
              const { rows } = await client.query<{ event: Columns | null }>({
                text: `select public.published_event(slug) as event
                         from unnest($1::text[]) with ordinality as asked (slug, place) order by place`,
                values: [slugs],
              });
              return rows.map(({ event }) => event && inCamelCase(event));
            }),
        },
      },
    },
  };

  type Columns = Readonly<Record<string, unknown>> & { readonly tickets: readonly Readonly<Record<string, unknown>>[] };

  function inCamelCase({ tickets, ...columns }: Columns) {
    return { ...named(columns), tickets: tickets.map(named) };
  }

  function named(columns: Readonly<Record<string, unknown>>) {
    return Object.fromEntries(
      Object.entries(columns).map(([name, value]) => [build.inflection.camelCase(name), value]),
    );
  }
}, "PublishedEventPlugin");
