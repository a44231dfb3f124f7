import { completeState } from "../../../testkit/events.ts";

/** An event whose texts have the maximum length and no place for a line break. */
export function longestAnswers() {
  const { basics, location, tickets, page, ...others } = completeState();
  return {
    ...others,
    basics: { ...basics, title: "T".repeat(150), summary: "S".repeat(140), organizerName: "O".repeat(255) },
    location: {
      ...location,
      venueName: "V".repeat(100),
      address: "A".repeat(255),
      city: "C".repeat(85),
      region: "R".repeat(85),
      postalCode: "9".repeat(20),
    },
    tickets: {
      ...tickets,
      tickets: {
        a: { name: "N".repeat(255), kind: "paid", priceMinor: 999_999_999_999, quantity: 1, maxPerOrder: 2147483647 },
      },
    },
    page: {
      ...page,
      description: `# ${"H".repeat(200)}\n\n${"W".repeat(2000)}\n\n- ${"L".repeat(200)}\n\n\`${"I".repeat(200)}\`\n\n> ${"Q".repeat(200)}`,
    },
    publish: { visibility: "public", refundPolicy: "none", acceptTerms: true },
  };
}
