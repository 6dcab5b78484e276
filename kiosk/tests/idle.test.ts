import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { IdleClock, type IdleState } from "../src/flow/idle";
import { IDLE_MS, patience, SLOW_MS } from "../src/flow/patience";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function kiosk() {
  const seen = { state: { asking: false, secondsLeft: 0 } as IdleState, wipes: 0 };
  const clock = new IdleClock({ onChange: (state) => (seen.state = state), onWipe: () => (seen.wipes += 1) });
  return { clock, seen };
}

describe("somebody walks away from the kiosk", () => {
  it("is asked after a minute and the screen is wiped half a minute later", () => {
    const { clock, seen } = kiosk();
    clock.watch(IDLE_MS);
    vi.advanceTimersByTime(59_900);
    expect(seen.state.asking).toBe(false);
    vi.advanceTimersByTime(200);
    expect(seen.state).toEqual({ asking: true, secondsLeft: 30 });
    vi.advanceTimersByTime(29_000);
    expect(seen.state.secondsLeft).toBeGreaterThan(0);
    expect(seen.wipes).toBe(0);
    vi.advanceTimersByTime(1_500);
    expect(seen.wipes).toBe(1);
    expect(seen.state.asking).toBe(false);
  });

  it("wipes once only", () => {
    const { clock, seen } = kiosk();
    clock.watch(IDLE_MS);
    vi.advanceTimersByTime(600_000);
    expect(seen.wipes).toBe(1);
  });
});

describe("somebody is still there", () => {
  it("is not asked while they touch or type", () => {
    const { clock, seen } = kiosk();
    clock.watch(IDLE_MS);
    for (let minute = 0; minute < 10; minute += 1) {
      vi.advanceTimersByTime(55_000);
      clock.alive();
    }
    expect(seen.state.asking).toBe(false);
  });

  it("may stay as often as they like", () => {
    const { clock, seen } = kiosk();
    clock.watch(IDLE_MS);
    for (let time = 0; time < 12; time += 1) {
      vi.advanceTimersByTime(61_000);
      expect(seen.state.asking).toBe(true);
      clock.stay();
      expect(seen.state.asking).toBe(false);
    }
    expect(seen.wipes).toBe(0);
  });

  it("must press the button: a sleeve on the glass does not answer the question", () => {
    const { clock, seen } = kiosk();
    clock.watch(IDLE_MS);
    vi.advanceTimersByTime(61_000);
    clock.alive();
    expect(seen.state.asking).toBe(true);
  });
});

describe("where the person is", () => {
  it("gives three minutes for breathing and for reading the result", () => {
    expect(patience({ attract: false, open: true, view: "breathing" })).toBe(SLOW_MS);
    expect(patience({ attract: false, open: true, view: "result" })).toBe(SLOW_MS);
    expect(patience({ attract: false, open: true, view: "card" })).toBe(IDLE_MS);
  });

  it("leaves the waiting screen alone, unless something of a person is still open", () => {
    expect(patience({ attract: true, open: false, view: "chat" })).toBeNull();
    expect(patience({ attract: true, open: true, view: "chat" })).toBe(IDLE_MS);
  });
});
