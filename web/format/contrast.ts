const HEX = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i;
// At this luminance, black and white text have the same contrast (WCAG 2).
const EQUAL_CONTRAST = 0.179;

/** The text colour, black or white, with the higher contrast on a background colour. */
export function textColourOn(hex: string): "black" | "white" {
  const [red = 0, green = 0, blue = 0] = (HEX.exec(hex) ?? [])
    .slice(1)
    .map((pair) => toLinear(Number.parseInt(pair, 16)));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > EQUAL_CONTRAST ? "black" : "white";
}

function toLinear(channel: number): number {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
