import "@mantine/charts/styles.css";
import { BarChart } from "@mantine/charts";
import { useMediaQuery } from "@mantine/hooks";
import type { FunnelStage } from "../api/documents.ts";

const CHART_HEIGHT = 320;
const SERIES = [
  { name: "reached", label: "Reached", color: "indigo.6" },
  { name: "dropOff", label: "Dropped off", color: "orange.6" },
  { name: "completed", label: "Completed", color: "teal.6" },
];

/** Hidden from screen readers: the table has the same numbers. */
export default function FunnelChart({ stages }: { readonly stages: readonly FunnelStage[] }) {
  const wide = useMediaQuery("(min-width: 62em)");
  const data = stages.map(({ stage, title, reached, dropOff, completed }) => ({
    stage: wide ? `${stage}. ${title}` : String(stage),
    ...{ reached, dropOff, completed },
  }));
  return (
    <div aria-hidden="true">
      <BarChart
        h={CHART_HEIGHT}
        data={data}
        dataKey="stage"
        series={SERIES}
        withLegend
        legendProps={{ itemSorter: null }}
        xAxisProps={{ interval: 0 }}
        yAxisProps={{ allowDecimals: false }}
        barProps={{ isAnimationActive: false }}
        barChartProps={{ accessibilityLayer: false }}
      />
    </div>
  );
}
