import { describe, expect, it } from "vitest";
import { fitting } from "../src/components/wall/fitting";
import { HIGH, WIDE, outline, type Feature } from "../src/components/wall/outline";
import { day, wallKey } from "../src/state/wall";

const square = (code: unknown, west: number, south: number, size = 0.1): Feature => ({
  properties: { code },
  geometry: {
    type: "Polygon",
    coordinates: [[[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]],
  },
});

describe("the district's outline", () => {
  it("keeps every point inside the picture, north at the top", () => {
    const [south, north] = outline([square("south", 120, 30), square("north", 120.1, 30.1)]);
    for (const drawn of [south!, north!]) {
      const numbers = drawn.path.match(/-?\d+\.\d/g)!.map(Number);
      numbers.forEach((n, i) => {
        expect(n).toBeGreaterThanOrEqual(0);
        expect(n).toBeLessThanOrEqual(i % 2 ? HIGH : WIDE);
      });
    }
    expect(north!.at[1]).toBeLessThan(south!.at[1]);
    expect(north!.at[0]).toBeGreaterThan(south!.at[0]);
  });

  it("draws several polygons as one street, and leaves out what has no code or no area", () => {
    const two: Feature = {
      properties: { code: "two" },
      geometry: { type: "MultiPolygon", coordinates: [square("a", 120, 30), square("b", 121, 30)].map((one) => one.geometry!.coordinates) },
    };
    const drawn = outline([two, square(7, 120, 30), { properties: { code: "empty" }, geometry: null }]);
    expect(drawn.map((one) => one.code)).toEqual(["two"]);
    expect(drawn[0]!.path.match(/M/g)).toHaveLength(2);
    expect(outline([])).toEqual([]);
  });
});

describe("the cells of a street", () => {
  const named = (name: string, number = 12) => ({ name, number });
  const short = named("西兴社区");
  const long = named("浙江中医药大学滨江校区示范园区", 107);

  it("stand as many as have room, in their order, and never more than asked for", () => {
    expect(fitting([short, short, short, short, short], 4)).toHaveLength(4);
    expect(fitting([short, short], 0)).toEqual([]);
    expect(fitting([long, long, long, long], 4)).toEqual([long, long, long]);
    expect(fitting([short, long, long, long], 4)).toEqual([short, long, long]);
  });
});

describe("an unattended screen", () => {
  it("reads its key from behind the # and nowhere else", () => {
    window.history.replaceState(null, "", "/console/wall?key=no");
    expect(wallKey()).toBe("");
    window.location.hash = "#key=abc";
    expect(wallKey()).toBe("abc");
  });
  it("says a day as people say it", () => expect(day("2026-11-06")).toBe("11月6日"));
});
