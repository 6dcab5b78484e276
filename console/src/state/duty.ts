/** What must be seen on every page: the open list, the red bar, people who wait at a kiosk or for an answer, new red tickets. */
import { reactive } from "vue";
import { api, ask } from "../api/client";
import type { DeskCallShown, TicketList, TicketRow, Waiting } from "../api/types";
import { hush, listen } from "./bell";
import { serverSaidTheTime } from "./clock";
import { sendKept } from "./kept";
import { hear, live } from "./live";
import { speak } from "./notices";
import { poll } from "./poll";

interface Duty {
  list: TicketList | null;
  calls: DeskCallShown[];
  /** Tickets offered, lowerings to confirm, colleagues who are out, what the district has to decide. */
  waiting: Waiting | null;
  /** Codes of red tickets that came while this page was open and were not looked at yet. */
  fresh: string[];
  /** Since when nothing could be fetched; the list on the page is as old as this. */
  silentSince: Date | null;
}

const blank = (): Duty => ({ list: null, calls: [], waiting: null, fresh: [], silentSince: null });

export const duty = reactive<Duty>(blank());
/** How often we ask by ourselves: seldom while the server's beat is heard, as often as ever when it is not. */
const PAUSE = 10_000;
const LIVE_PAUSE = 30_000;
let seen: Set<string> | null = null;

/** The red tickets of this list that were not there before; none on the first look. */
export function newReds(before: ReadonlySet<string> | null, tickets: readonly TicketRow[]): string[] {
  if (before === null) return [];
  return tickets.filter((ticket) => ticket.level === "red" && !before.has(ticket.code)).map((ticket) => ticket.code);
}

/** The tab's title: a number at most, never a name, a place or a code. */
export function title(freshReds: number): string {
  return freshReds > 0 ? `（${freshReds}）心桥工作台` : "心桥工作台";
}

/** One look at the open list, at the kiosks, and at what waits for an answer. */
export async function look(): Promise<void> {
  const [list, calls, waiting] = await Promise.all([
    ask(api.GET("/api/staff/tickets", { params: { query: { view: "open" } } })),
    ask(api.GET("/api/staff/desk-calls")),
    ask(api.GET("/api/staff/waiting")),
    listen(),
  ]);
  if (calls.ok) duty.calls = calls.data;
  if (waiting.ok) duty.waiting = waiting.data;
  if (!list.ok) {
    if (list.refusal.kind !== "expired") duty.silentSince ??= new Date();
    return;
  }
  serverSaidTheTime(list.data.now);
  duty.silentSince = null;
  void sendKept();
  const reds = newReds(seen, list.data.tickets);
  seen = new Set(list.data.tickets.filter((one) => one.level === "red").map((one) => one.code));
  duty.list = list.data;
  duty.fresh = [...duty.fresh.filter((code) => seen?.has(code)), ...reds];
  if (reds.length > 0) speak(`来了 ${reds.length} 件新的红色工单。`);
}

/** Stay on duty until the returned function is called. */
export function stayOnDuty(): () => void {
  const stop = poll(() => (live.value ? LIVE_PAUSE : PAUSE), look);
  const deaf = hear(() => void look());
  const back = (): void => void look();
  window.addEventListener("online", back);
  return () => {
    stop();
    deaf();
    window.removeEventListener("online", back);
    seen = null;
    hush();
    Object.assign(duty, blank());
  };
}

/** Somebody has opened this ticket: it is no longer new to them. */
export function lookedAt(code: string): void {
  duty.fresh = duty.fresh.filter((one) => one !== code);
}
