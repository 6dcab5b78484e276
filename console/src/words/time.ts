/** Deadlines in words. Pure: the time is an argument. All of it in the district's own time. */
import type { ClockShown, FollowUpShown } from "../api/types";

const ZONE = "Asia/Shanghai";
const MINUTE = 60_000;

/** What a clock waits for, as it is said after "前". */
const DEED: Record<ClockShown["name"], string> = {
  acknowledge: "签收",
  contact: "联系",
  speak: "通上话",
  visit: "上门",
  reach: "再找一次",
  follow_up: "随访",
  close: "结案",
};

export type Lateness = "running" | "soon" | "late" | "kept" | "kept_late" | "stopped";

export interface ClockWords {
  state: Lateness;
  /** One word that says it without a colour. */
  word: string;
  /** "还剩 12 分钟" */
  lead: string;
  /** "14:30 前签收" */
  rest: string;
}

const DAYS = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit" });

/** The district's day of a moment, as a field for dates takes it: 2026-12-07. */
export function dayOf(at: Date): string {
  return DAYS.format(at);
}

/** The same as one says it: 2026 年 12 月 7 日. */
export function dayWords(at: Date): string {
  const [year, month, day] = dayOf(at).split("-").map(Number);
  return `${year} 年 ${month} 月 ${day} 日`;
}

/** A span in words, rounded down: we never promise a minute that is not there. */
export function span(milliseconds: number): string {
  const minutes = Math.floor(Math.abs(milliseconds) / MINUTE);
  if (minutes < 1) return "不到 1 分钟";
  if (minutes < 60) return `${minutes} 分钟`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} 小时 ${minutes % 60} 分钟` : `${hours} 小时`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} 天 ${hours % 24} 小时` : `${days} 天`;
}

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: string;
  minute: string;
}

const READER = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE,
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

function parts(at: Date): Parts {
  const read = Object.fromEntries(READER.formatToParts(at).map((part) => [part.type, part.value]));
  return {
    year: Number(read.year),
    month: Number(read.month),
    day: Number(read.day),
    hour: read.hour ?? "00",
    minute: read.minute ?? "00",
  };
}

/** "14:30", "明天 09:00", "11月25日 09:00": as short as it can be without doubt. */
export function clockTime(at: Date, now: Date): string {
  const then = parts(at);
  const today = parts(now);
  const time = `${then.hour}:${then.minute}`;
  const days = Math.round(
    (Date.UTC(then.year, then.month - 1, then.day) - Date.UTC(today.year, today.month - 1, today.day)) / 86_400_000,
  );
  if (days === 0) return time;
  if (days === 1) return `明天 ${time}`;
  if (days === -1) return `昨天 ${time}`;
  const date = `${then.month}月${then.day}日 ${time}`;
  return then.year === today.year ? date : `${then.year}年${date}`;
}

/** A figure wants a space after a Chinese word, 「昨天」 does not. */
const spaced = (time: string): string => (/^\d/.test(time) ? ` ${time}` : time);

/** The value of a `datetime-local` field for this moment in the district. */
export function fieldTime(at: Date): string {
  const { year, month, day, hour, minute } = parts(at);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}T${hour}:${minute}`;
}

/** The moment that a `datetime-local` field means in the district; null when it is empty or broken. */
export function momentOf(field: string): string | null {
  const at = new Date(`${field}:00+08:00`);
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(field) && !Number.isNaN(at.getTime()) ? at.toISOString() : null;
}

/**
 * One clock in words. A running clock whose time has come is late here at once,
 * without waiting for the server to say so.
 */
export function clockWords(clock: ClockShown, now: Date): ClockWords {
  const due = new Date(clock.due_at);
  const stopped = clock.stopped_at ? new Date(clock.stopped_at) : null;
  const deed = DEED[clock.name];
  const limit = `限${spaced(clockTime(due, now))}`;
  const left = due.getTime() - now.getTime();
  switch (clock.state) {
    case "kept":
      return { state: "kept", word: "按时", lead: `${stopped ? clockTime(stopped, now) : ""} 已${deed}`.trim(), rest: limit };
    case "kept_late":
      return {
        state: "kept_late",
        word: "晚了",
        lead: stopped ? `${clockTime(stopped, now)} 才${deed}` : `已${deed}`,
        rest: stopped ? `晚了 ${span(stopped.getTime() - due.getTime())} · ${limit}` : limit,
      };
    case "stopped":
      return { state: "stopped", word: "不再计时", lead: "不再计时", rest: `原定${spaced(clockTime(due, now))} 前${deed}` };
    default:
  }
  if (clock.state === "late" || left <= 0) {
    return { state: "late", word: "超时", lead: left < 0 ? `已超时 ${span(left)}` : "已超时", rest: `应在${spaced(clockTime(due, now))} 前${deed}` };
  }
  return {
    state: left <= 15 * MINUTE ? "soon" : "running",
    word: "计时中",
    lead: left < MINUTE ? "只剩不到 1 分钟" : `还剩 ${span(left)}`,
    rest: `${clockTime(due, now)} 前${deed}`,
  };
}

/** The whole of it in one sentence: "还剩 12 分钟 · 14:30 前签收". */
export function countdown(clock: ClockShown, now: Date): string {
  const words = clockWords(clock, now);
  return `${words.lead} · ${words.rest}`;
}

/** A planned follow-up in words. */
export function followUpWords(planned: FollowUpShown, now: Date): ClockWords {
  const late = planned.late;
  return clockWords(
    {
      name: "follow_up",
      label: planned.label,
      due_at: planned.due_at,
      stopped_at: planned.done_at,
      state: planned.done_at ? (late ? "kept_late" : "kept") : late ? "late" : "running",
      why: [],
    },
    now,
  );
}
