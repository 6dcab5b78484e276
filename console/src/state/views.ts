/** Somebody's own views of the list, kept by the server, so that they are there on the phone too. */
import { reactive } from "vue";
import { api, ask, type Refusal } from "../api/client";
import type { KeepView, Level, TicketRow, ViewShown } from "../api/types";

export interface Filter {
  levels: Level[];
  free_only: boolean;
}

export const views = reactive({ mine: [] as ViewShown[], known: false });

export async function loadViews(): Promise<void> {
  const answer = await ask(api.GET("/api/staff/views"));
  if (answer.ok) Object.assign(views, { mine: answer.data, known: true });
}

export async function keepView(view: KeepView): Promise<Refusal | null> {
  const answer = await ask(api.POST("/api/staff/views", { body: view }));
  if (!answer.ok) return answer.refusal;
  views.mine = answer.data;
  return null;
}

export async function forgetView(id: string): Promise<Refusal | null> {
  const answer = await ask(api.DELETE("/api/staff/views/{view}", { params: { path: { view: id } } }));
  if (!answer.ok) return answer.refusal;
  views.mine = answer.data;
  return null;
}

/** What of a list is shown; its order is the server's and stays. */
export function sift(tickets: readonly TicketRow[], filter: Filter): TicketRow[] {
  return tickets.filter((one) => (filter.levels.length === 0 || filter.levels.includes(one.level)) && (!filter.free_only || one.holder === null));
}
