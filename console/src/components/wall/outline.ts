/** A district's outline as paths: a flat projection that keeps the shape of a small area. */
type Point = readonly [number, number];
export interface Feature {
  properties?: { code?: unknown } | null;
  geometry?: { type?: string; coordinates?: unknown } | null;
}
export interface Drawn {
  code: string;
  path: string;
  at: Point;
}

export const WIDE = 1000;
export const HIGH = 620;

const rings = (feature: Feature): Point[][] => {
  const { type, coordinates } = feature.geometry ?? {};
  if (type === "Polygon") return coordinates as Point[][];
  if (type === "MultiPolygon") return (coordinates as Point[][][]).flat();
  return [];
};

/** The features that have a code and an area, drawn into `WIDE` x `HIGH`. */
export function outline(features: readonly Feature[]): Drawn[] {
  const known = features.filter((one) => typeof one.properties?.code === "string" && rings(one).length);
  const all = known.flatMap((one) => rings(one).flat());
  if (!all.length) return [];
  const xs = all.map(([x]) => x);
  const ys = all.map(([, y]) => y);
  const [west, east, south, north] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = 0.96 * Math.min(WIDE / ((east - west) * squeeze || 1), HIGH / (north - south || 1));
  const put = ([x, y]: Point): Point => [
    WIDE / 2 + (x - (west + east) / 2) * squeeze * scale,
    HIGH / 2 - (y - (south + north) / 2) * scale,
  ];
  return known.map((one) => {
    const drawn = rings(one).map((ring) => ring.map(put));
    const outer = drawn.reduce((a, b) => (b.length > a.length ? b : a));
    const middle = (i: 0 | 1): number => (Math.min(...outer.map((p) => p[i])) + Math.max(...outer.map((p) => p[i]))) / 2;
    const path = drawn.map((ring) => `M${ring.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`).join("");
    return { code: one.properties!.code as string, path, at: [middle(0), middle(1)] };
  });
}
