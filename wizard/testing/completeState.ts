import type { WizardState } from "../types.generated.ts";

/** A state without problems that answers every field of an event at a venue. */
export const COMPLETE_STATE = {
  basics: {
    title: "Summer party",
    category: "community",
    summary: "Music, food and a long evening in the garden.",
    organizerName: "Ada Lovelace",
    organizerEmail: "ada@example.com",
  },
  schedule: {
    timezone: "Europe/Berlin",
    startsAt: "2027-06-19T18:00:00+02:00",
    endsAt: "2027-06-19T23:00:00+02:00",
    doorsAt: "2027-06-19T17:00:00+02:00",
  },
  location: {
    mode: "venue",
    venueName: "The old mill",
    address: "Mill Lane 3",
    city: "Potsdam",
    region: "Brandenburg",
    postalCode: "14467",
    country: "DE",
  },
  tickets: {
    currency: "EUR",
    tickets: {
      "3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04": {
        name: "Early bird",
        kind: "paid",
        priceMinor: 1250,
        quantity: 50,
        maxPerOrder: 4,
        salesStart: "2027-03-01T09:00:00+01:00",
        salesEnd: "2027-05-31T23:59:59+02:00",
      },
      child: { name: "Child", kind: "free", quantity: 30 },
      friend: { name: "Friend of the house", kind: "donation", quantity: 20 },
    },
  },
  page: {
    description: "Bring a blanket and a friend.",
    slug: "summer-party-2027",
    coverImageUrl: "https://images.example.com/garden.jpg",
    coverImageAlt: "Paper lanterns between apple trees",
    accent: "#1a73e8",
    supportEmail: "help@example.com",
  },
  publish: {
    visibility: "public",
    publishAt: "2027-03-01T08:00:00+01:00",
    refundPolicy: "until_7_days_before",
    acceptTerms: true,
  },
} satisfies WizardState;

export const COMPLETE_ONLINE_STATE = {
  ...COMPLETE_STATE,
  location: { mode: "online", joinUrl: "https://meet.example.com/summer-party" },
} satisfies WizardState;

export const COMPLETE_HYBRID_STATE = {
  ...COMPLETE_STATE,
  location: {
    mode: "hybrid",
    venueName: "The old mill",
    address: "Mill Lane 3",
    city: "Potsdam",
    postalCode: "14467",
    country: "DE",
    joinUrl: "https://meet.example.com/summer-party",
  },
} satisfies WizardState;
