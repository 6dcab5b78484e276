/** Small pieces of Chinese wording that depend on a value. Times are said as the district's clock says them. */
import type { HotlineShown } from "../api/client";

const CLOCK = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});
const DAY = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric" });

function dayNumber(at: Date): number {
  return Math.floor((at.getTime() + 8 * 3_600_000) / 86_400_000);
}

/** 「15:42」, 「明天 09:00」, 「昨天 20:15」, 「8月3日 09:00」. */
export function clockWords(iso: string, now: Date): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const time = CLOCK.format(at);
  const days = dayNumber(at) - dayNumber(now);
  if (days === 0) return time;
  if (days === 1) return `明天 ${time}`;
  if (days === -1) return `昨天 ${time}`;
  return `${DAY.format(at).replace("/", "月")}日 ${time}`;
}

/** 「15:42 前」, or plainly that the time has passed: a late promise is not hidden. */
export function respondBy(iso: string, now: Date): string {
  const words = clockWords(iso, now);
  return new Date(iso).getTime() < now.getTime() ? `原定 ${words} 前，晚了，我们在催` : `${words} 前`;
}

/** A code as one says it: 「K，0 7 3 1，4 4 8 2，9 0 5 6，7」. */
export function spokenCode(code: string): string {
  return code.split("-").map((group) => [...group].join(" ")).join("，");
}

const UNKNOWN_HOURS = "各地时间不同，打通为准";

/** Whether somebody answers now, in words; what is not known is not claimed. */
export function openWords(line: HotlineShown): string {
  if (line.open_now) return "现在有人接";
  return line.hours === UNKNOWN_HOURS ? "打打看" : "现在没人接";
}

/** Numbers that hold everywhere in the country, for when not even the first answer of the server came. */
export const ALWAYS: HotlineShown[] = [
  {
    number: "12356",
    name: "心理援助热线",
    for_what: "心里难受，想找人说说",
    hours: UNKNOWN_HOURS,
    open_now: false,
    sentence: "12356 心理援助热线，各地时间不同，打通为准",
  },
  {
    number: "120",
    name: "急救",
    for_what: "身体有危险",
    hours: "全天",
    open_now: true,
    sentence: "120 急救，全天有人接",
  },
  {
    number: "110",
    name: "报警",
    for_what: "有人有危险",
    hours: "全天",
    open_now: true,
    sentence: "110 报警，全天有人接",
  },
];

export const AWAY =
  "现在连不上我们这边。您写的还在这里，没有丢。过一会儿再试；急的话，下面的电话可以直接打。";
