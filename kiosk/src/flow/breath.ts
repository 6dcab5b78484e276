/** Where a breath stands after so many seconds: in for four, out for six. */
export const IN_SECONDS = 4;
export const OUT_SECONDS = 6;

export interface Breath {
  phase: "in" | "out";
  words: string;
  count: number;
  round: number;
}

export function breathAt(seconds: number): Breath {
  const length = IN_SECONDS + OUT_SECONDS;
  const within = seconds % length;
  const round = Math.floor(seconds / length) + 1;
  if (within < IN_SECONDS) return { phase: "in", words: "慢慢吸气", count: within + 1, round };
  return { phase: "out", words: "慢慢呼气", count: within - IN_SECONDS + 1, round };
}
