/** Bubbles arrive at most two at a time, with a soft pause between, so that nobody meets a wall of words. */
export const AT_ONCE = 2;
export const PAUSE_MS = 1100;

/** Split what has just arrived into what is shown now and what waits for the pause. */
export function nextBubbles<T>(waiting: readonly T[]): { now: T[]; later: T[] } {
  return { now: waiting.slice(0, AT_ONCE), later: waiting.slice(AT_ONCE) };
}
