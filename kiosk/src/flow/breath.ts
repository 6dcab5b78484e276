/** Where a breath stands after so many seconds, in each of the ways of breathing that we teach. */
export type Phase = "in" | "hold" | "out" | "rest";

export interface Part {
  phase: Phase;
  words: string;
  seconds: number;
}

export interface Breath {
  phase: Phase;
  words: string;
  count: number;
  round: number;
  /** How long this part lasts, and the whole round. */
  seconds: number;
  length: number;
}

const IN = "慢慢吸气";
const HOLD = "先停住";
const OUT = "慢慢呼气";

export const CALM: readonly Part[] = [
  { phase: "in", words: IN, seconds: 4 },
  { phase: "out", words: OUT, seconds: 6 },
];
export const BOX: readonly Part[] = [
  { phase: "in", words: IN, seconds: 4 },
  { phase: "hold", words: HOLD, seconds: 4 },
  { phase: "out", words: OUT, seconds: 4 },
  { phase: "rest", words: "再停住", seconds: 4 },
];
export const LONG: readonly Part[] = [
  { phase: "in", words: IN, seconds: 4 },
  { phase: "hold", words: HOLD, seconds: 7 },
  { phase: "out", words: OUT, seconds: 8 },
];

export function breathAt(seconds: number, parts: readonly Part[] = CALM): Breath {
  const length = parts.reduce((sum, part) => sum + part.seconds, 0);
  const round = Math.floor(seconds / length) + 1;
  let within = seconds % length;
  for (const part of parts) {
    if (within < part.seconds) return { phase: part.phase, words: part.words, count: within + 1, round, seconds: part.seconds, length };
    within -= part.seconds;
  }
  throw new Error("a round has no end");
}
