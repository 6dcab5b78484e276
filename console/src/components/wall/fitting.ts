/** How many cells of a street have room on the wall. What has none is counted below, and nothing is cut in half. */
const ROOM = 344;
const LINE = 27;
const CELL = 76;
const LETTER = 22;

/** How wide a name is: a Chinese letter is twice a Latin one. */
const wide = (name: string): number => [...name].reduce((sum, letter) => sum + (letter > "\u2e7f" ? LETTER : LETTER / 2), 0);

/** In the units of the wall (1920 over its width): a long name takes a second line, and a large number leaves less for it. */
export function fitting<T extends { name: string; number: number | null }>(cells: readonly T[], most: number): T[] {
  let left = ROOM;
  const shown: T[] = [];
  for (const cell of cells.slice(0, most)) {
    const lines = Math.ceil(wide(cell.name) / (270 - 32 * String(cell.number ?? "").length));
    left -= CELL + LINE * (lines - 1);
    if (left < 0) break;
    shown.push(cell);
  }
  return shown;
}
