/** The approximate fields of a stage. */
const FIELDS = [
  ["basics", "title"],
  ["basics", "summary"],
  ["basics", "organizerName"],
  ["schedule", "timezone"],
  ["location", "venueName"],
  ["location", "address"],
  ["tickets", "early"],
  ["tickets", "regular"],
  ["tickets", "patron"],
  ["page", "slug"],
  ["page", "description"],
  ["page", "coverText"],
  ["publish", "refundPolicy"],
] as const;
const SYLLABLES = "ba con der e fin gra ho in ker lo mun na o pre qui ra sto ti un ver wal xen yo zim".split(" ");
const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"];
const WORD = /^[a-z]{4,}$/;

/** Pseudorandom numbers in [0, 1), the same in every run: https://en.wikipedia.org/wiki/Linear_congruential_generator */
export function randomNumbers(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) & 0xffff_ffff_ffff_ffffn;
    return Number(state >> 32n) / 2 ** 32;
  };
}

const random = randomNumbers(1);
const VOCABULARY = Array.from({ length: 500 }, () =>
  Array.from({ length: 2 + Math.floor(random() * 3) }, () => pick(SYLLABLES, random)).join(""),
);

/** A state as JSON text of about `bytes` bytes. */
export function makeState(bytes: number, random: () => number): string {
  const state: Record<string, Record<string, string>> = {};
  for (const [index, [stage, field]] of FIELDS.entries()) {
    const left = bytes - JSON.stringify(state).length;
    // The description is half of it.
    const share = field === "description" ? bytes / 2 : left / (FIELDS.length - index);
    const words: string[] = [];
    for (let length = 0; length < share - 20; ) {
      const word = pick(VOCABULARY, random);
      words.push(word);
      length += word.length + 1;
    }
    state[stage] = { ...state[stage], [field]: words.join(" ") };
  }
  return JSON.stringify(state);
}

/** A state of about `bytes` bytes that does not compress well. */
export function makeNoise(bytes: number, random: () => number): string {
  const description = Array.from({ length: bytes }, () => pick(LETTERS, random)).join("");
  return JSON.stringify({ basics: { title: "" }, page: { description } });
}

/** The same state with one word changed, like one autosave. */
export function edit(state: string, random: () => number): string {
  const words = state.split(" ");
  for (let attempt = 0; attempt < 50; attempt++) {
    const index = Math.floor(random() * words.length);
    if (!WORD.test(words[index] ?? "")) continue;
    words[index] = pick(VOCABULARY, random);
    return words.join(" ");
  }
  return state;
}

/** The first part of a state, by its share of the fields. */
export function begun(state: string, share: number): string {
  const soFar: Record<string, Record<string, string>> = {};
  let left = Math.round(share * state.length);
  for (const [stage, fields] of Object.entries(JSON.parse(state) as typeof soFar)) {
    for (const [field, text] of Object.entries(fields)) {
      if (left <= 0) return JSON.stringify(soFar);
      soFar[stage] = { ...soFar[stage], [field]: text.slice(0, left) };
      left -= text.length + field.length;
    }
  }
  return state;
}

export function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T;
}
