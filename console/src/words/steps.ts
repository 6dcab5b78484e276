/** The chain's steps as a worker names them. */
import type { TicketDetail } from "../api/types";
import type { IconName } from "../components/Icon.vue";

export type Step = Exclude<TicketDetail["next_step"], "none">;

export const STEPS: Record<Step, { do: string; short: string; icon: IconName }> = {
  acknowledge: { do: "签收，我来跟进", short: "签收", icon: "check" },
  call: { do: "打电话，并记下来", short: "记录电话", icon: "phone" },
  visit: { do: "上门，并记下来", short: "记录走访", icon: "door" },
  refer: { do: "请专业的人来帮忙", short: "转介", icon: "hand" },
  plan_follow_up: { do: "安排随访", short: "安排随访", icon: "calendar" },
  follow_up: { do: "记录随访", short: "记录随访", icon: "calendar" },
  close: { do: "结案", short: "结案", icon: "check" },
};

const ORDER: Step[] = ["acknowledge", "call", "visit", "refer", "plan_follow_up", "follow_up", "close"];

/** The steps that this person may take now, in the order of the chain; anything unknown is left out. */
export function stepsOf(actions: readonly string[]): Step[] {
  return ORDER.filter((step) => actions.includes(step));
}
