/** Twelve weeks of each street as lines. A week that is hidden is a gap, never a zero. */
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([LineChart, GridComponent, LegendComponent, SVGRenderer]);

export interface Line {
  name: string;
  values: (number | null)[];
}
const SHAPES = ["circle", "rect", "triangle", "diamond", "pin", "arrow"];
const INKS = ["#ffd97a", "#8fd3c8", "#ff9f80", "#b7c6ff", "#d8f08a", "#f3b6e4"];

export function draw(place: HTMLElement, weeks: string[], lines: Line[], unit: number): EChartsType {
  const chart = init(place, null, { renderer: "svg" });
  const text = { color: "#e6f1ef", fontSize: 20 * unit };
  chart.setOption({
    animation: false,
    grid: { left: 60 * unit, right: 30 * unit, top: 54 * unit, bottom: 44 * unit },
    legend: { top: 0, right: 0, textStyle: text, itemWidth: 40 * unit, itemHeight: 18 * unit },
    xAxis: { type: "category", data: weeks, axisLabel: { ...text, hideOverlap: true }, axisLine: { lineStyle: { color: "#7fa39f" } } },
    yAxis: { type: "value", minInterval: 1, axisLabel: text, splitNumber: 3, splitLine: { lineStyle: { color: "#2b5654" } } },
    series: lines.map((line, i) => ({
      type: "line",
      name: line.name,
      data: line.values,
      symbol: SHAPES[i % SHAPES.length],
      symbolSize: 14 * unit,
      showAllSymbol: true,
      lineStyle: { width: 4 * unit, type: (["solid", "dashed", "dotted"] as const)[i % 3] },
      color: INKS[i % INKS.length],
    })),
  });
  return chart;
}
