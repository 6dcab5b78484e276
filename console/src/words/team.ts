/** The words on the chips of what several people do. Values are the contract's. */
import type { AskPartner, RecordAttempt, SetOut } from "../api/types";
import type { Choice } from "./forms";

export const WAYS: Choice<RecordAttempt["way"]>[] = [
  { value: "phone", label: "打电话" },
  { value: "message", label: "发短信" },
  { value: "door", label: "上门" },
  { value: "chat", label: "在对话里" },
  { value: "trusted_person", label: "问本人信任的人" },
  { value: "community", label: "问社区" },
  { value: "property", label: "问物业" },
  { value: "police", label: "请 110 去看看" },
];

export const PARTNER_WORK: Choice<AskPartner["what"]>[] = [
  { value: "look_in", label: "去看看人好不好" },
  { value: "accompany", label: "陪着一起去" },
  { value: "information", label: "核实一件事" },
  { value: "assess", label: "请专业的人评估" },
  { value: "protect", label: "保护安全" },
  { value: "other", label: "别的事" },
];

/** How long one may be out, in minutes; never longer than the policy allows. */
export function tripLengths(longest: number): Choice<SetOut["minutes"]>[] {
  const usual = [30, 45, 60, 90, 120, 180].filter((minutes) => minutes <= longest);
  const offered = usual.length > 0 ? usual : [longest];
  return offered.map((minutes) => ({ value: minutes, label: minutes % 60 ? `${minutes} 分钟` : `${minutes / 60} 小时` }));
}

/** How soon a partner is asked to have done it. */
export const SOON: Choice<number>[] = [
  { value: 1, label: "1 小时内" },
  { value: 4, label: "4 小时内" },
  { value: 24, label: "明天这时候前" },
  { value: 72, label: "3 天内" },
];
