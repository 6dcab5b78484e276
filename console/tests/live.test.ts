import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hear, live } from "../src/state/live";

/** The browser's stream of events: those that are open, and what the server says on them. */
class Stream {
  static open = new Set<Stream>();
  static say(kind: string): void {
    for (const one of Stream.open) one.heard.get(kind)?.forEach((then) => then(new MessageEvent(kind, { data: '{"code":"C3TP-8WHN-2"}' })));
  }
  onerror: (() => void) | null = null;
  private readonly heard = new Map<string, ((event: Event) => void)[]>();
  constructor(readonly address: string) {
    Stream.open.add(this);
  }
  addEventListener(kind: string, then: (event: Event) => void): void {
    this.heard.set(kind, [...(this.heard.get(kind) ?? []), then]);
  }
  close(): void {
    Stream.open.delete(this);
  }
}

let hidden = false;
let looks: number;
let deaf: () => void;
function turns(away: boolean): void {
  hidden = away;
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Stream);
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  hidden = false;
  looks = 0;
  deaf = hear(() => (looks += 1));
});
afterEach(() => {
  deaf();
  expect(Stream.open.size).toBe(0);
  vi.unstubAllGlobals();
  vi.useRealTimers();
  Reflect.deleteProperty(document, "hidden");
});

describe("hearing at once", () => {
  it("looks soon after a change, however many follow it", () => {
    Stream.say("change");
    for (let i = 0; i < 10; i++) {
      vi.advanceTimersByTime(100);
      Stream.say("change");
    }
    expect(looks).toBeGreaterThanOrEqual(2);
    expect(looks).toBeLessThan(5);
    vi.advanceTimersByTime(300);
    const all = looks;
    vi.advanceTimersByTime(10_000);
    expect(looks).toBe(all);
  });

  it("gives the connection back when nobody sees the page, and looks at once when somebody does", () => {
    Stream.say("beat");
    expect(live.value).toBe(true);
    turns(true);
    expect(Stream.open.size).toBe(0);
    expect(live.value).toBe(false);
    expect(looks).toBe(1);
    vi.advanceTimersByTime(120_000);
    expect(Stream.open.size).toBe(0);
    expect(looks).toBe(1);

    turns(false);
    expect(Stream.open.size).toBe(1);
    expect(looks).toBe(2);
    Stream.say("beat");
    expect(live.value).toBe(true);
  });

  it("looks at what came just before it turned away", () => {
    Stream.say("change");
    turns(true);
    expect(looks).toBe(1);
  });

  it("goes on listening unseen in one page of the browser", async () => {
    deaf();
    let free = true;
    const request = vi.fn(async (_: string, __: object, act: (lock: object | null) => unknown) => {
      if (!free) return act(null);
      free = false;
      await act({});
      free = true;
    });
    vi.stubGlobal("navigator", { locks: { request } });
    const others: (() => void)[] = [];
    deaf = hear(() => (looks += 1));
    others.push(hear(() => undefined));
    expect(Stream.open.size).toBe(2);
    turns(true);
    expect(Stream.open.size).toBe(1);
    Stream.say("change");
    vi.advanceTimersByTime(400);
    expect(looks).toBe(2);
    others.forEach((one) => one());
    deaf();
    await vi.advanceTimersByTimeAsync(0);
    expect(free).toBe(true);
  });

  it("has never more than one connection, and none after the end", () => {
    turns(false);
    turns(false);
    expect(Stream.open.size).toBe(1);
    [...Stream.open][0]?.onerror?.();
    turns(false);
    vi.advanceTimersByTime(30_000);
    expect(Stream.open.size).toBe(1);
    deaf();
    turns(false);
    expect(Stream.open.size).toBe(0);
    expect(looks).toBe(3);
  });

  it("tries again when the beat is not heard any more", () => {
    Stream.say("beat");
    vi.advanceTimersByTime(16_000);
    expect(live.value).toBe(false);
    expect(Stream.open.size).toBe(0);
    vi.advanceTimersByTime(20_000);
    expect(Stream.open.size).toBe(1);
  });
});
