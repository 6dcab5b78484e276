import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeServer, fakeFetch } from "../dev/fake-server";
import { makeApi } from "../src/api/client";
import { afterLeaving, Visit } from "../src/flow/after_leaving";
import { beginConversation } from "../src/flow/conversation";
import { type Device, keyInAddress, makeDevice } from "../src/flow/device";
import { IDLE_MS, patience, SLOW_MS } from "../src/flow/patience";
import { forgetsWhatIsTyped } from "../src/flow/traces";
import KioskShell from "../src/KioskShell.vue";

const ALL = { chat: true, screening: true, contact: true, share: true };
const WORDS = "老伴走了以后，家里空落落的";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] }));
afterEach(() => {
  vi.useRealTimers();
  document.documentElement.className = "";
  document.body.innerHTML = "";
});

/** A machine in a hall whose reloads are counted, and whose PIN is 123456. */
function machine() {
  const seen = { reloads: 0, beats: 0, pins: [] as string[] };
  const device: Device = {
    known: true,
    beat: async () => Boolean((seen.beats += 1)),
    unlock: async (pin) => (seen.pins.push(pin), pin === "123456" ? { open: true } : { open: false, sentence: "口令不对。" }),
    offline: async () => null,
    forward: async () => true,
    reload: () => void (seen.reloads += 1),
  };
  const server = new FakeServer();
  const page = mount(KioskShell, { props: { api: makeApi(fakeFetch(server)), visit: new Visit(), device, place: "hall" }, attachTo: document.body });
  const press = async (name: string) => {
    await page.get(`[data-test="${name}"]`).trigger("click");
    await flushPromises();
  };
  const has = (name: string) => page.find(`[data-test="${name}"]`).exists();
  const passes = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms);
    await flushPromises();
  };
  const mark = async (ms: number) => {
    await page.get("[data-test=mark]").trigger("pointerdown");
    await passes(ms);
    await page.get("[data-test=mark]").trigger("pointerup");
  };
  return { page, press, has, passes, mark, seen, server };
}

describe("between two people", () => {
  function two() {
    const server = new FakeServer();
    const visit = new Visit();
    const api = afterLeaving(makeApi(fakeFetch(server)), visit);
    const talk = beginConversation(api, "kiosk", "hall");
    const paths = () => server.heard.map((one) => `${one.method} ${one.path}`);
    return { server, api, talk, paths };
  }

  it("nothing of the next person is sent before the server knows that the last one has left", async () => {
    const { server, api, talk, paths } = two();
    await talk.start();
    await talk.consent(ALL);
    server.silent = { requests: 1, afterWork: false };
    expect(await talk.leave()).toBe(false);
    expect(api.pending()).toBe(true);
    talk.drop();
    const before = paths().length;
    await talk.start();
    expect(paths().slice(before)).toEqual(["POST /api/session/leave", "POST /api/sessions"]);
    expect(api.pending()).toBe(false);
    expect(talk.state.step).toBe("consent");
  });

  it("and while nobody answers, nothing of theirs is sent at all", async () => {
    const { server, talk, paths } = two();
    await talk.start();
    server.silent = { requests: 3, afterWork: false };
    await talk.leave();
    talk.drop();
    const before = paths().filter((path) => path === "POST /api/sessions").length;
    await talk.start();
    expect(talk.state.trouble?.away).toBe(true);
    expect(paths().filter((path) => path === "POST /api/sessions")).toHaveLength(before);
  });

  it("telling it late does not end what the next one has begun", async () => {
    const { server, api, talk, paths } = two();
    await talk.start();
    server.silent = { requests: 1, afterWork: false };
    await talk.leave();
    talk.drop();
    await talk.start();
    await api.settle();
    expect(paths().filter((path) => path === "POST /api/session/leave")).toHaveLength(1); // the first one was never heard
    expect(paths().at(-1)).toBe("POST /api/sessions");
  });

  it("a session that is gone already has left: it is asked once, and the next one need not wait", async () => {
    const { server, api, talk, paths } = two();
    await talk.start();
    server.forget();
    expect(await talk.leave()).toBe(true);
    expect(api.pending()).toBe(false);
    talk.drop();
    await talk.start();
    await api.settle();
    expect(paths().filter((path) => path === "POST /api/session/leave")).toHaveLength(1);
    expect(paths().at(-1)).toBe("POST /api/sessions");
  });

  it("what was said just before leaving still goes out, and before the leaving", async () => {
    const { talk, paths } = two();
    await talk.start();
    await talk.consent(ALL);
    const before = paths().length;
    void talk.say("第一句");
    void talk.say(WORDS);
    await talk.leave();
    expect(paths().slice(before)).toEqual(["POST /api/session/messages", "POST /api/session/messages", "POST /api/session/leave"]);
    expect(JSON.stringify(talk.state)).not.toContain(WORDS);
  });

  it("what does not come back in time is broken off", async () => {
    const visit = new Visit((_, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("off")))));
    const asked = visit.fetch(new Request("http://fake/api/session"));
    visit.end();
    await expect(asked).rejects.toThrow("off");
  });
});

describe("clearing", () => {
  it("loads the page afresh when the server is there, and keeps it where it stands when it is not", async () => {
    const { press, passes, has, seen, server, page } = machine();
    await flushPromises();
    await press("door-talk");
    await press("start");
    server.silent = { requests: 1_000, afterWork: false };
    await press("finish");
    await passes(5_000);
    expect(has("attract")).toBe(true);
    expect(seen.reloads).toBe(0);
    expect(page.get("[data-test=away]").text()).toContain("连不上网");
    expect(has("hotline-strip")).toBe(true);
    server.silent = { requests: 0, afterWork: false };
    await passes(35_000);
    expect(seen.reloads).toBeGreaterThan(0);
    page.unmount();
  });

  it("says first that words did not go out", async () => {
    const { press, has, server, page } = machine();
    await flushPromises();
    await press("door-talk");
    await press("start");
    for (const tick of ["chat", "screening"]) await page.get(`[data-test="tick-${tick}"]`).setValue(true);
    await press("agree");
    server.silent = { requests: 1, afterWork: false };
    await page.get("[data-test=say]").setValue(WORDS);
    await press("send");
    await press("finish");
    expect(has("sheet-unsent")).toBe(true);
    expect(page.text()).toContain(WORDS);
    await press("unsent-wipe");
    expect(has("attract")).toBe(true);
    expect(page.text()).not.toContain(WORDS);
    page.unmount();
  });

  it("a network that comes back sends by itself what was waiting", async () => {
    const { press, passes, server, page } = machine();
    await flushPromises();
    await press("door-talk");
    await press("start");
    for (const tick of ["chat", "screening"]) await page.get(`[data-test="tick-${tick}"]`).setValue(true);
    await press("agree");
    server.silent = { requests: 1, afterWork: false };
    await page.get("[data-test=say]").setValue(WORDS);
    await press("send");
    expect(page.find("[data-test=sheet-trouble]").exists()).toBe(true);
    await passes(9_000);
    expect(page.find("[data-test=sheet-trouble]").exists()).toBe(false);
    expect(server.heard.filter((one) => one.path === "/api/session/messages").map((one) => one.body.text)).toContain(WORDS);
    page.unmount();
  });
});

describe("the staff's screen", () => {
  it("opens after a long press and the PIN, and only on the waiting screen", async () => {
    const { press, has, mark, seen, page } = machine();
    await flushPromises();
    await mark(1_000);
    expect(has("staff-screen")).toBe(false);
    await mark(3_100);
    expect(has("staff-screen")).toBe(true);
    for (const digit of "000000") await press(`pin-${digit}`);
    await press("pin-go");
    expect(page.get("[data-test=staff-refused]").text()).toBe("口令不对。");
    expect(has("staff-open")).toBe(false);
    for (const digit of "123456") await press(`pin-${digit}`);
    await press("pin-go");
    expect(seen.pins).toEqual(["000000", "123456"]);
    expect(page.get("[data-test=staff-network]").text()).toBe("连得上");
    await press("staff-reload");
    expect(seen.reloads).toBe(1);
    page.unmount();
  });

  it("is not lost to the page that is loaded afresh while somebody presses", async () => {
    const { press, has, passes, mark, page, seen, server } = machine();
    await flushPromises();
    await press("door-talk");
    server.silent = { requests: 1_000, afterWork: false };
    await press("finish");
    server.silent = { requests: 0, afterWork: false };
    await passes(28_000);
    expect(seen.reloads).toBe(0);
    await mark(3_100);
    expect(seen.reloads).toBe(0);
    expect(has("staff-screen")).toBe(true);
    page.unmount();
  });

  it("without a network it says so and stays, and loads the page afresh when the network is back", async () => {
    const { press, has, mark, seen, server, page } = machine();
    await flushPromises();
    await mark(3_100);
    server.silent = { requests: 1_000, afterWork: false };
    await press("staff-reload");
    expect(seen.reloads).toBe(0);
    expect(page.get("[data-test=staff-offline]").text()).toContain("连不上服务器");
    server.silent = { requests: 0, afterWork: false };
    await press("staff-reload");
    expect(seen.reloads).toBe(1);
    expect(has("staff-offline")).toBe(false);
    page.unmount();
  });

  it("does not open over what somebody is doing", async () => {
    const { press, has, mark, page } = machine();
    await flushPromises();
    await press("door-talk");
    await mark(3_500);
    expect(has("staff-screen")).toBe(false);
    page.unmount();
  });

  it("locks itself when nobody touches it", async () => {
    const { press, has, mark, passes, page } = machine();
    await flushPromises();
    await mark(3_100);
    for (const digit of "123456") await press(`pin-${digit}`);
    await press("pin-go");
    expect(has("staff-open")).toBe(true);
    await passes(92_000);
    expect(has("staff-screen")).toBe(false);
    expect(has("attract")).toBe(true);
    page.unmount();
  });
});

describe("the machine", () => {
  it("beats every half minute, whatever is on the screen", async () => {
    const { seen, passes, press, page } = machine();
    await flushPromises();
    expect(seen.beats).toBe(1);
    await press("door-talk");
    await passes(61_000);
    expect(seen.beats).toBe(3);
    page.unmount();
  });

  it("takes its key out of the address", () => {
    const key = "k".repeat(43);
    history.replaceState(null, "", `/kiosk/hall#${key}`);
    expect(keyInAddress()).toBe(key);
    expect(location.href).not.toContain(key);
    expect(keyInAddress()).toBeNull();
  });

  it("says that it is not registered, and sends nothing, without a key", async () => {
    const fetch = vi.fn();
    const device = makeDevice(null, fetch);
    expect(await device.beat()).toBe(false);
    expect(await device.unlock("123456")).toMatchObject({ open: false });
    expect(fetch).not.toHaveBeenCalled();
  });

  it("says so when nobody is in the hall", async () => {
    const { server, has, passes, press, page } = machine();
    server.staffed = false;
    await passes(31_000);
    expect(has("hall-closed")).toBe(true);
    await press("call-staff");
    expect(page.get("[data-test=called-closed]").text()).toContain("可能没有人");
    page.unmount();
  });
});

describe("small things", () => {
  it("gives three minutes to read what this is and what one agrees to", () => {
    expect(patience({ attract: false, open: true, view: "chat", reading: true })).toBe(SLOW_MS);
    expect(patience({ attract: false, open: true, view: "review" })).toBe(SLOW_MS);
    expect(patience({ attract: false, open: true, view: "chat" })).toBe(IDLE_MS);
  });

  it("asks the browser and the keyboard to remember nothing of a field", () => {
    const field = document.createElement("textarea");
    forgetsWhatIsTyped(field);
    expect(field.getAttribute("autocomplete")).toBe("off");
    expect(field.getAttribute("spellcheck")).toBe("false");
  });

  it("hides the screen with one tap, over a sheet too, and the bar below stays in reach", async () => {
    const { press, has, page } = machine();
    await flushPromises();
    await press("hotline-strip");
    expect(has("sheet-hotlines")).toBe(true);
    await press("cover");
    expect(has("uncover")).toBe(true);
    expect(page.get("[data-test=finish]").element.closest("[inert]")).toBeNull();
    expect(page.get("[data-test=attract]").element.closest("[inert]")).not.toBeNull();
    await press("uncover");
    expect(has("uncover")).toBe(false);
    page.unmount();
  });
});
