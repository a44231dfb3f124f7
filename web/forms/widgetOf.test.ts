import { expect, it } from "@jest/globals";
import { allFieldsOf } from "../../wizard/fields.ts";
import type { Schema } from "../../wizard/schema.ts";
import { STAGES } from "../../wizard/stages.ts";
import { widgetOf } from "./widgetOf.ts";

function widgetsIn(schema: Schema): Record<string, unknown> {
  return Object.fromEntries(allFieldsOf(schema).map((field) => [field.name, widgetOf(field.name, field.schema)]));
}

it("returns a widget for each field of the wizard", () => {
  expect(Object.fromEntries(STAGES.map(({ key, schema }) => [key, widgetsIn(schema)]))).toEqual({
    basics: { title: "text", category: "select", summary: "text", organizerName: "text", organizerEmail: "email" },
    schedule: { timezone: "search", startsAt: "dateTime", endsAt: "dateTime", doorsAt: "dateTime" },
    location: {
      mode: "radio",
      ...{ venueName: "text", address: "text", city: "text", region: "text", postalCode: "text", country: "search" },
      joinUrl: "url",
    },
    tickets: { currency: "search", tickets: "collection" },
    page: {
      description: "markdown",
      slug: "slug",
      coverImageUrl: "image",
      coverImageAlt: "text",
      accent: "colour",
      supportEmail: "email",
    },
    publish: { visibility: "radio", publishAt: "dateTime", refundPolicy: "radio", acceptTerms: "checkbox" },
  });
});

it("returns a widget for each field of a ticket", () => {
  const tickets = STAGES.find(({ key }) => key === "tickets")?.schema.properties?.tickets?.additionalProperties;
  expect(widgetsIn(tickets ?? {})).toEqual({
    ...{ name: "text", kind: "radio", priceMinor: "money", quantity: "number", maxPerOrder: "number" },
    ...{ salesStart: "dateTime", salesEnd: "dateTime" },
    position: "number",
  });
});

it.each<[Schema, string]>([
  [{ type: "array", items: { type: "string" } }, "lines"],
  [{ type: "object", properties: {} }, "group"],
  [{ type: "string", pattern: "^[A-Z]{3}$" }, "text"],
  [{ type: "number" }, "number"],
  [{}, "text"],
])("returns a widget for the schema %j: %s", (schema, widget) => expect(widgetOf("field", schema)).toBe(widget));
