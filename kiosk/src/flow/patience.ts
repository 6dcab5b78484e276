/** How long the kiosk waits for a sign of life on each of its pages; null where there is nothing to wipe. */
import type { View } from "./conversation";

export const IDLE_MS = 60_000;
export const SLOW_MS = 180_000;

export interface Where {
  attract: boolean;
  /** Whether something of a person is on the screen or in memory. */
  open: boolean;
  view: View;
  /** Whether an exercise is going on in the chat. */
  exercise?: boolean;
}

export function patience(where: Where): number | null {
  if (where.attract && !where.open) return null;
  const slow = where.view === "breathing" || where.view === "result" || (where.view === "chat" && where.exercise);
  return slow ? SLOW_MS : IDLE_MS;
}
