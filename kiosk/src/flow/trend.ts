/**
 * Totals over time as a line that reads in print and without colour: markers of its own shape, each figure written beside
 * its point, and the band of no clear change as two dashed lines. Loaded only when there is something to draw.
 */
import { LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([LineChart, GridComponent, MarkLineComponent, SVGRenderer]);

export interface Trend {
  points: readonly { at: string; total: number }[];
  highest: number;
  /** Half the width of the band, in points; around the total before the last one. */
  band?: number | null;
  marker?: number;
}

const INK = "#2b2a26";
const SOFT = "#5c574c";
const MARKERS = ["circle", "rect", "triangle", "diamond"] as const;

/** The day of each point, with the hour where one day has several. */
export function days(points: Trend["points"]): string[] {
  const named = points.map((one) => {
    const at = new Date(one.at);
    return { day: `${at.getMonth() + 1}月${at.getDate()}日`, hour: `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}` };
  });
  return named.map((one) => (named.filter((other) => other.day === one.day).length > 1 ? `${one.day} ${one.hour}` : one.day));
}

/** The two ends of the band that are on the paper; none when it is not known. */
export function ends(trend: Trend): { yAxis: number; name: string }[] {
  const before = trend.points.at(-2)?.total;
  if (trend.band == null || before === undefined) return [];
  const both = [{ yAxis: before - trend.band, name: "误差下限" }, { yAxis: before + trend.band, name: "误差上限" }];
  return both.filter((end) => end.yAxis >= 0 && end.yAxis <= trend.highest);
}

export function draw(at: HTMLElement, trend: Trend): EChartsType {
  const size = parseFloat(getComputedStyle(at).fontSize) || 16;
  const font = { fontFamily: "sans-serif", fontSize: size * 0.8, color: INK };
  const chart = init(at, null, { renderer: "svg" });
  chart.setOption({
    animation: false,
    grid: { left: size * 2.6, right: size * (trend.band == null ? 2.2 : 4.4), top: size * 2, bottom: size * 2.4 },
    xAxis: {
      type: "category",
      data: days(trend.points).map((day) => day.replace(" ", "\n")),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: SOFT } },
      axisLabel: { ...font, lineHeight: size, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      min: 0,
      max: trend.highest,
      interval: trend.highest / 3,
      axisLabel: { ...font, formatter: (value: number) => String(Math.round(value)) },
      splitLine: { show: false },
      axisLine: { show: true, lineStyle: { color: SOFT } },
    },
    series: [
      {
        type: "line",
        data: trend.points.map((one) => one.total),
        symbol: MARKERS[(trend.marker ?? 0) % MARKERS.length],
        symbolSize: size * 0.7,
        silent: true,
        lineStyle: { color: INK, width: 2 },
        itemStyle: { color: INK },
        label: { show: true, position: "top", ...font, fontWeight: "bold" },
        markLine: {
          silent: true,
          symbol: "none",
          lineStyle: { color: SOFT, type: "dashed", width: 1.5 },
          label: { ...font, color: SOFT, position: "end", formatter: "{b}" },
          data: ends(trend),
        },
      },
    ],
  });
  return chart;
}
