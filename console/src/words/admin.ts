/** Days and times on the pages of administration, in the district's own zone. */
const ZONE = "Asia/Shanghai";
const FULL = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** `11月23日 14:05`. */
export function dayAndTime(at: string): string {
  const part = Object.fromEntries(FULL.formatToParts(new Date(at)).map((one) => [one.type, one.value]));
  return `${part.month}月${part.day}日 ${part.hour}:${part.minute}`;
}

/** `2026年5月3日` of a day such as 2026-05-03. */
export const shortDay = (day: string): string => `${day.slice(0, 4)}年${Number(day.slice(5, 7))}月${Number(day.slice(8))}日`;

/** Today in the district, as a date field wants it. */
export const today = (now = new Date()): string => new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE }).format(now);
