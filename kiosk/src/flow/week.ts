/** The last seven days, today first, each with the moods that were marked on it. Days are the district's days. */
import type { MoodsShown } from "../api/client";

export interface Day {
  key: string;
  name: string;
  date: string;
  values: number[];
}

const DAY_MS = 86_400_000;
const ZONE = { timeZone: "Asia/Shanghai" } as const;
const KEY = new Intl.DateTimeFormat("en-CA", { ...ZONE, year: "numeric", month: "2-digit", day: "2-digit" });
const NAME = new Intl.DateTimeFormat("zh-CN", { ...ZONE, weekday: "long" });
const DATE = new Intl.DateTimeFormat("zh-CN", { ...ZONE, month: "numeric", day: "numeric" });

export function week(marks: MoodsShown["marks"], now: Date): Day[] {
  const values = new Map<string, number[]>();
  for (const mark of marks) {
    const key = KEY.format(new Date(mark.at));
    values.set(key, [...(values.get(key) ?? []), mark.value]);
  }
  return Array.from({ length: 7 }, (_, ago) => {
    const day = new Date(now.getTime() - ago * DAY_MS);
    const key = KEY.format(day);
    const name = ago === 0 ? "今天" : ago === 1 ? "昨天" : NAME.format(day);
    return { key, name, date: `${DATE.format(day).replace("/", "月")}日`, values: values.get(key) ?? [] };
  });
}
