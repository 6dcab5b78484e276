/** How long to wait before asking the server again; null when nothing can have changed by itself. */
import type { Turn } from "../api/client";

export function pollDelay(turn: Turn | null, hidden: boolean): number | null {
  if (!turn || turn.stage !== "chat") return null;
  if (!turn.alarm && !turn.worker && !turn.worker_called) return null;
  return hidden ? 20_000 : 3_500;
}
