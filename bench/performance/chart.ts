import { isRead } from "./contestants.ts";
import type { Medians } from "./report.ts";

const [ROW, BAR, TOP, NAMES, PANEL, GAP] = [28, 16, 64, 290, 240, 70];
const WIDTH = NAMES + 2 * PANEL + 2 * GAP;

// The colors follow the reader's theme. An image has no access to that of the page around it.
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .ours { font-weight: 600; }
  .ratio { fill: #57606a; } .ours-bar { fill: #1a7f37; }
  .server { fill: #0969da; } .postgres { fill: #8250df; }
  .line { stroke: #8c959f; stroke-dasharray: 3 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .ratio { fill: #8b949e; } .ours-bar { fill: #3fb950; }
    .server { fill: #58a6ff; } .postgres { fill: #bc8cff; }
  }`;

/** An SVG with a row of bars for each contestant that saves: the speed relative to the base, and the CPU time. */
export function chart(all: readonly Medians[]): string {
  const rows = all.filter(({ contestant }) => !isRead(contestant));
  const toRatio = scale(rows.map(({ ratio = 0 }) => ratio));
  const toCpu = scale(rows.map(({ serverCpu, postgresCpu }) => serverCpu + postgresCpu));
  const [left, right] = [NAMES, NAMES + PANEL + GAP];
  const height = TOP + rows.length * ROW + 12;

  const bars = rows.map(({ contestant, ratio = 0, serverCpu, postgresCpu }, index) => {
    const y = TOP + index * ROW;
    const ours = contestant.name.includes("**");
    const name = contestant.name.replaceAll(/[*`]/g, "");
    const [server, postgres] = [toCpu(serverCpu), toCpu(postgresCpu)];
    return [
      text(left - 10, y, name, `text-anchor="end"${ours ? ' class="ours"' : ""}`),
      bar(left, y, toRatio(ratio), ours ? "ours-bar" : "ratio"),
      text(left + toRatio(ratio) + 6, y, ratio.toFixed(2)),
      bar(right, y, server, "server"),
      bar(right + server, y, postgres, "postgres"),
      text(right + server + postgres + 6, y, (serverCpu + postgresCpu).toFixed(2)),
    ].join("\n");
  });

  const base = left + toRatio(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>Saves per second relative to B, and CPU seconds per 1,000 saves</title>
<style>${STYLE}
</style>
${text(left, 8, "saves per second ÷ B", 'class="title"')}
${text(right, 8, "CPU seconds per 1,000 saves", 'class="title"')}
${bar(right, 32, 12, "server")}
${text(right + 18, 32, "server")}
${bar(right + 80, 32, 12, "postgres")}
${text(right + 98, 32, "PostgreSQL")}
<line class="line" x1="${round(base)}" x2="${round(base)}" y1="${TOP - 8}" y2="${height - 8}" />
${bars.join("\n")}
</svg>
`;
}

/** Maps values to lengths, the largest to the width of a panel. */
function scale(values: readonly number[]): (value: number) => number {
  const largest = Math.max(...values);
  return (value) => (value / largest) * PANEL;
}

function bar(x: number, y: number, width: number, kind: string): string {
  return `<rect class="${kind}" x="${round(x)}" y="${y}" width="${round(width)}" height="${BAR}" />`;
}

/** A text beside a bar at the same `y`. */
function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${round(x)}" y="${y + 13}" ${attributes}>${escapeXml(content)}</text>`;
}

const round = (value: number) => Math.round(value * 10) / 10;

function escapeXml(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
