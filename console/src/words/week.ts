/** Days and stretches of the roster in words and sums. Pure; all in the district's own time. */
import type { DayShown, StretchShown } from "../api/types";
import type { Choice } from "./forms";
import { fieldTime } from "./time";

const DAY = 86_400_000;

/** The day so many days after this one, as "2026-11-30". */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

/** Today in the district. */
export const today = (now: Date): string => fieldTime(now).slice(0, 10);

/** The Monday of this day's week. */
export function monday(day: string): string {
  return dayAfter(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7));
}

/** "09:00–12:00"; the end of a day is 24:00. */
export function hours(stretch: Pick<StretchShown, "from_at" | "to_at">): string {
  const time = (at: string): string => fieldTime(new Date(at)).slice(11);
  const end = time(stretch.to_at);
  return `${time(stretch.from_at)}–${end === "00:00" ? "24:00" : end}`;
}

/** Who is on duty at each hour: the officers first, then those who lead. Empty groups are left out. */
export function byDuty(day: DayShown): { duty: StretchShown["duty"]; word: string; stretches: StretchShown[] }[] {
  return (
    [
      { duty: "officer", word: "值班" },
      { duty: "lead", word: "负责人" },
    ] as const
  )
    .map((one) => ({ ...one, stretches: day.stretches.filter((stretch) => stretch.duty === one.duty) }))
    .filter((one) => one.stretches.length > 0);
}

/** The days of a shift: one tap for the usual ones. */
export const SHIFT_DAYS: Choice<string>[] = [
  { value: "workday", label: "工作日" },
  { value: "restday", label: "休息日" },
  { value: "1234567", label: "每天" },
  { value: "some", label: "自己选" },
];
export const WEEKDAYS: Choice<string>[] = [..."一二三四五六日"].map((word, i) => ({ value: String(i + 1), label: `周${word}` }));

/** Nobody who is not chosen: what a shift without a person is. */
export const LINE = "";
