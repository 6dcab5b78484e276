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
  /** Whether the page is one to read: what this is, what is agreed to, telephone numbers. */
  reading?: boolean;
}

export function patience(where: Where): number | null {
  if (where.attract && !where.open) return null;
  const slow = where.reading || ["breathing", "result", "review"].includes(where.view) || (where.view === "chat" && where.exercise);
  return slow ? SLOW_MS : IDLE_MS;
}
