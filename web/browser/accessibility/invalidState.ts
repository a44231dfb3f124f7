/** A state with problems in every stage and in every kind of field. */
export const INVALID_STATE = {
  basics: { title: "x".repeat(151), category: "none", summary: "y".repeat(141), organizerEmail: "not-an-address" },
  schedule: {
    timezone: "Mars/Olympus",
    startsAt: "2027-06-19T18:00:00+02:00",
    endsAt: "2027-06-19T17:00:00+02:00",
    doorsAt: "some day",
  },
  location: { mode: "hybrid", venueName: "z".repeat(101), country: "XX", joinUrl: "http://example.com" },
  tickets: {
    currency: "???",
    tickets: {
      one: { name: "A".repeat(256), kind: "paid", priceMinor: -5, quantity: "ten", maxPerOrder: 0, salesEnd: "later" },
      two: {},
    },
  },
  page: {
    description: "",
    slug: "No Slug!",
    coverImageUrl: "ftp://example.com/picture.jpg",
    accent: "green",
    supportEmail: "not-an-address",
  },
  publish: { visibility: "secret", publishAt: "never", acceptTerms: false },
};
