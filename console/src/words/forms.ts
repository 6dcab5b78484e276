/** The words on the chips. Values are the contract's; the labels are what a worker would say. */
import type { Level, RecordCall, RecordFollowUp, RecordReferral, RecordVisit } from "../api/types";

export interface Choice<V extends string | number | boolean> {
  value: V;
  label: string;
  hint?: string;
}

export const CALL_OUTCOMES: Choice<RecordCall["outcome"]>[] = [
  { value: "spoke", label: "通上话了" },
  { value: "no_answer", label: "没人接" },
  { value: "refused", label: "接了，不愿说" },
  { value: "wrong_number", label: "号码不对" },
];

export const CALL_NEEDS: Choice<NonNullable<RecordCall["need"]>>[] = [
  { value: "visit", label: "需要上门看看" },
  { value: "no_visit", label: "暂时不用上门" },
  { value: "emergency", label: "现在就有危险", hint: "先打 120 / 110，再来记录" },
];

export const VISIT_OUTCOMES: Choice<RecordVisit["outcome"]>[] = [
  { value: "met", label: "见到本人" },
  { value: "nobody_home", label: "家里没人" },
  { value: "refused", label: "不愿见面" },
  { value: "wrong_address", label: "地址不对" },
];

export const VISIT_FINDINGS: Choice<NonNullable<RecordVisit["findings"]>[number]>[] = [
  { value: "illness", label: "身体有病" },
  { value: "bereavement", label: "亲人去世" },
  { value: "debt", label: "欠债压力" },
  { value: "isolation", label: "一个人住" },
  { value: "conflict", label: "家里有矛盾" },
  { value: "means_at_home", label: "手边有危险物品" },
  { value: "none", label: "都没有" },
];

export const REFERRALS: Choice<RecordReferral["to"]>[] = [
  { value: "counsellor", label: "心理咨询师" },
  { value: "hospital", label: "医院" },
  { value: "community", label: "社区" },
  { value: "mediation", label: "调解" },
  { value: "legal_aid", label: "法律援助" },
  { value: "police", label: "公安 110" },
  { value: "ambulance", label: "急救 120" },
];

export const FOLLOW_UP_OUTCOMES: Choice<RecordFollowUp["outcome"]>[] = [
  { value: "better", label: "好一些了" },
  { value: "same", label: "和上次差不多" },
  { value: "worse", label: "更难了", hint: "别等下一次，今天就再联系或上门" },
  { value: "not_reached", label: "没联系上" },
];

export const CLOSE_LEVELS: Choice<Level>[] = [
  { value: "green", label: "绿 · 平稳" },
  { value: "blue", label: "蓝 · 留意一下" },
  { value: "yellow", label: "黄 · 建议聊聊" },
  { value: "orange", label: "橙 · 还要有人帮" },
];

/** "24 小时后", "7 天后". */
export function afterWords(hours: number): string {
  return hours > 24 && hours % 24 === 0 ? `${hours / 24} 天后` : `${hours} 小时后`;
}

/** "24 小时后、7 天后、30 天后" */
export function ladderWords(ladder: readonly number[]): string {
  return ladder.map(afterWords).join("、");
}

export const IDENTITY_REASONS = ["准备打电话联系", "准备上门走访", "核对地址"];
export const WORDS_REASONS = ["联系前想弄清楚原因", "准备上门走访", "和同事一起判断"];
