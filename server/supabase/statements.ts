// What may hold a semicolon that ends nothing, and the one that does end a statement, with the rest of its line.
const TOKENS = new RegExp(
  [
    /--[^\n]*/,
    /\/\*[\s\S]*?\*\//,
    /(\$(?:[a-z_]\w*)?\$)[\s\S]*?\1/,
    /\be'(?:[^'\\]|\\[\s\S]|'')*'/,
    /'(?:[^']|'')*'/,
    /"(?:[^"]|"")*"/,
    /(?<end>;)[^\S\n]*(?:--[^\n]*)?\n?/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gi",
);

export interface Statement {
  /** White space and comments above it. */
  readonly before: string;
  /** From its first word to the end of its last line; empty for what follows the last statement. */
  readonly text: string;
}

/** Cuts SQL into its statements. Nothing is lost: put together again they are the same text. */
export function splitStatements(sql: string): Statement[] {
  const ends = [...sql.matchAll(TOKENS)]
    .filter(({ groups }) => groups?.end)
    .map((match) => match.index + match[0].length);
  return [0, ...ends].map((start, i) => {
    const chunk = sql.slice(start, ends[i]);
    const before = /^(?:\s|--[^\n]*\n?|\/\*[\s\S]*?\*\/)*/.exec(chunk)?.[0] ?? "";
    return { before, text: chunk.slice(before.length) };
  });
}
