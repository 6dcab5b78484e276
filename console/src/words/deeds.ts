/** What several people do on one ticket, as a worker names it. The server says which of them are open to whom. */
import type { TeamForm } from "../state/drafts";
import type { IconName } from "../components/Icon.vue";

export interface Deed {
  do: string;
  hint: string;
  icon: IconName;
}

/** In the order of the menu; what stands in a card of its own is not repeated there. */
export const DEEDS: Record<TeamForm, Deed> = {
  attempt: { do: "找不到人", hint: "记下每一次尝试，看下一步该找谁", icon: "late_call" },
  set_out: { do: "出发走访", hint: "报个平安：说好几点前回来，没回来会有人找您", icon: "walk" },
  sub_task: { do: "请协办", hint: "请社区、学校、医院或公安做一件事，对方只看到这一件", icon: "people" },
  hand_over: { do: "交给同事", hint: "对方接了才算交出，之前还是您的", icon: "person" },
  take_over: { do: "我来接手", hint: "别人手上的工单，接手要写明原因", icon: "take" },
  transfer: { do: "转给别的所", hint: "对方接受之前还是我们的，期限不停", icon: "pass" },
  to_district: { do: "直接转区中心", hint: "马上叫区里值班的人一起来", icon: "up" },
  two_people: { do: "要两个人去", hint: "上门可能不安全，或者已经问清、可以一个人去", icon: "people" },
  lower: { do: "建议降级", hint: "要另一位同事确认才算数", icon: "down" },
  reopen: { do: "重新打开", hint: "事情没有过去，接着跟进", icon: "again" },
  decide: { do: "区里定下来", hint: "交给哪个所，或者留在区里：定了就不再转", icon: "check" },
  answer_transfer: { do: "回复转办", hint: "", icon: "pass" },
  answer_lowering: { do: "看看降级建议", hint: "", icon: "down" },
  back: { do: "我回来了", hint: "", icon: "check" },
};

/** These have a card or a banner of their own above. */
const SHOWN_ELSEWHERE: readonly TeamForm[] = ["decide", "answer_transfer", "answer_lowering", "back"];

/** The deeds of the menu that this person may do now, in its order; what the server names besides is left out. */
export function deedsOf(actions: readonly string[]): TeamForm[] {
  return (Object.keys(DEEDS) as TeamForm[]).filter((deed) => actions.includes(deed) && !SHOWN_ELSEWHERE.includes(deed));
}
