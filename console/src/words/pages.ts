/** Which pages somebody of a role has. What they may do there is the server's to say. */
import type { IconName } from "../components/Icon.vue";

export interface PageTab {
  name: "list" | "day" | "board" | "duty" | "people" | "campaigns" | "report" | "wall" | "places" | "rules" | "sentences" | "audit" | "second" | "partner";
  to: string;
  word: string;
  icon: IconName;
}

const LIST: PageTab = { name: "list", to: "/list/open", word: "工单", icon: "check" };
const DAY: PageTab = { name: "day", to: "/day", word: "今天", icon: "walk" };
const BOARD: PageTab = { name: "board", to: "/board", word: "看板", icon: "eye" };
const DUTY: PageTab = { name: "duty", to: "/duty", word: "值班表", icon: "calendar" };
const PEOPLE: PageTab = { name: "people", to: "/people", word: "人员", icon: "people" };
const CAMPAIGNS: PageTab = { name: "campaigns", to: "/campaigns", word: "集体筛查", icon: "chat" };
const REPORT: PageTab = { name: "report", to: "/report", word: "报告", icon: "print" };
const WALL: PageTab = { name: "wall", to: "/wall", word: "大屏", icon: "eye" };
const PLACES: PageTab = { name: "places", to: "/places", word: "地点", icon: "pin" };
const RULES: PageTab = { name: "rules", to: "/rules", word: "规则", icon: "pass" };
const SENTENCES: PageTab = { name: "sentences", to: "/sentences", word: "话术", icon: "chat" };
const AUDIT: PageTab = { name: "audit", to: "/audit", word: "审计", icon: "eye" };
const SECOND: PageTab = { name: "second", to: "/second", word: "第二道验证", icon: "veil" };
const PARTNER: PageTab = { name: "partner", to: "/partner", word: "协办任务", icon: "hand" };

/** A partner sees what was asked of it and nothing else; people are for those who lead them. */
export function pagesOf(role: string | undefined): PageTab[] {
  if (role === undefined) return [];
  if (role === "partner") return [PARTNER];
  if (role === "administrator") return [DUTY, PEOPLE, CAMPAIGNS, PLACES, RULES, SENTENCES, AUDIT, REPORT, WALL, SECOND];
  if (role === "auditor") return [LIST, DUTY, AUDIT, SENTENCES, REPORT, WALL];
  if (role === "supervisor") return [LIST, DAY, BOARD, DUTY, PEOPLE, PLACES, REPORT, WALL];
  return role === "duty_officer" ? [LIST, DAY, BOARD, DUTY, PLACES, REPORT, WALL] : [LIST, DAY, DUTY];
}

/** Where this role begins. */
export function homeOf(role: string | undefined): string {
  return pagesOf(role)[0]?.to ?? "/list/open";
}

/** Whether this role has anything to do with tickets as a whole. */
export const hasTickets = (role: string | undefined): boolean => pagesOf(role).includes(LIST);

/** Who sees to it that somebody is on duty. */
export const makesRoster = (role: string | undefined): boolean => role === "supervisor" || role === "duty_officer";

/** Who is given the printed call list. */
export const mayPrintCallList = makesRoster;
