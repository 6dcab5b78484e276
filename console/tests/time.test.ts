import { describe, expect, it } from "vitest";
import type { ClockShown } from "../src/api/types";
import { clockTime, clockWords, countdown, fieldTime, followUpWords, momentOf, span } from "../src/words/time";

/** A moment in the district, in November 2026. */
const at = (day: number, time: string): Date => new Date(`2026-11-${String(day).padStart(2, "0")}T${time}+08:00`);

function clock(due: Date, more: Partial<ClockShown> = {}): ClockShown {
  return { name: "acknowledge", label: "签收", due_at: due.toISOString(), stopped_at: null, state: "running", why: [], ...more };
}

describe("a deadline in words", () => {
  it("says how long is left and until when", () => {
    expect(countdown(clock(at(22, "14:30:00")), at(22, "14:17:30"))).toBe("还剩 12 分钟 · 14:30 前签收");
  });

  it("never promises a minute that is not there", () => {
    expect(countdown(clock(at(22, "14:30:00")), at(22, "14:29:01"))).toBe("只剩不到 1 分钟 · 14:30 前签收");
    expect(span(119_999)).toBe("1 分钟");
  });

  it.each([
    [59 * 60_000, "59 分钟"],
    [60 * 60_000, "1 小时"],
    [83 * 60_000, "1 小时 23 分钟"],
    [24 * 3_600_000, "1 天"],
    [51 * 3_600_000, "2 天 3 小时"],
    [0, "不到 1 分钟"],
  ])("a span of %d ms is %s", (milliseconds, words) => expect(span(milliseconds)).toBe(words));

  it("names the deed of each clock", () => {
    const due = at(22, "15:00:00");
    const rest = (name: ClockShown["name"]): string => clockWords(clock(due, { name }), at(22, "14:00:00")).rest;
    expect([rest("acknowledge"), rest("contact"), rest("speak"), rest("visit"), rest("follow_up")]).toEqual([
      "15:00 前签收",
      "15:00 前联系",
      "15:00 前通上话",
      "15:00 前上门",
      "15:00 前随访",
    ]);
  });

  it("is told in the district's time, wherever the browser is", () => {
    expect(clockTime(new Date("2026-11-22T16:30:00Z"), new Date("2026-11-22T15:59:00Z"))).toBe("明天 00:30");
    expect(clockTime(at(21, "09:05:00"), at(22, "08:00:00"))).toBe("昨天 09:05");
    expect(clockTime(at(25, "09:05:00"), at(22, "08:00:00"))).toBe("11月25日 09:05");
    expect(clockTime(new Date("2027-01-03T01:00:00Z"), at(22, "08:00:00"))).toBe("2027年1月3日 09:00");
  });
});

describe("lateness is a word", () => {
  it("says since when, and what should have been done", () => {
    const words = clockWords(clock(at(22, "14:30:00"), { state: "late" }), at(22, "14:55:00"));
    expect(words).toEqual({ state: "late", word: "超时", lead: "已超时 25 分钟", rest: "应在 14:30 前签收" });
  });

  it("does not wait for the server once the time has come", () => {
    expect(clockWords(clock(at(22, "14:30:00")), at(22, "14:30:00")).state).toBe("late");
    expect(clockWords(clock(at(22, "14:30:00")), at(22, "14:29:59")).state).toBe("soon");
  });

  it("tells what was kept from what was kept late", () => {
    const due = at(22, "14:30:00");
    const now = at(22, "18:00:00");
    expect(clockWords(clock(due, { state: "kept", stopped_at: at(22, "14:12:00").toISOString() }), now)).toMatchObject({ word: "按时", lead: "14:12 已签收" });
    expect(clockWords(clock(due, { state: "kept_late", stopped_at: at(22, "15:10:00").toISOString() }), now)).toMatchObject({
      word: "晚了",
      lead: "15:10 才签收",
      rest: "晚了 40 分钟 · 限 14:30",
    });
  });

  it("a stopped clock is neither kept nor late, even past its time", () => {
    expect(clockWords(clock(at(21, "14:30:00"), { state: "stopped" }), at(22, "18:00:00"))).toMatchObject({ state: "stopped", lead: "不再计时" });
  });

  it("a planned follow-up past its time is late", () => {
    const planned = { id: "1", due_at: at(22, "09:00:00").toISOString(), label: "24 小时随访", done_at: null, outcome: null, late: false, invite: false };
    expect(followUpWords(planned, at(22, "10:30:00")).lead).toBe("已超时 1 小时 30 分钟");
  });
});

describe("the time of a visit", () => {
  it("is written and read in the district's time", () => {
    expect(fieldTime(new Date("2026-11-22T16:30:00Z"))).toBe("2026-11-23T00:30");
    expect(momentOf("2026-11-23T00:30")).toBe("2026-11-22T16:30:00.000Z");
    expect(momentOf("")).toBeNull();
    expect(momentOf("2026-13-40T99:99")).toBeNull();
  });
});
