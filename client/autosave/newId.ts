/**
 * A UUID of version 7 (RFC 9562): the time in milliseconds, then 74 random bits. Ids that are made at about the same time
 * are next to each other in the database's indexes. `crypto.getRandomValues` also works on a plain-http page, such as one
 * opened by its LAN address.
 */
export function newId(now = Date.now()): string {
  const time = now.toString(16).padStart(12, "0");
  const random = [...crypto.getRandomValues(new Uint8Array(10))].map((byte, index) => {
    if (index === 0) return (byte & 0x0f) | 0x70; // version 7
    if (index === 2) return (byte & 0x3f) | 0x80; // RFC 9562 variant
    return byte;
  });
  const hex = time + random.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
