import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeServer, fakeFetch } from "../dev/fake-server";
import { makeApi } from "../src/api/client";
import { Visit } from "../src/flow/after_leaving";
import type { Device } from "../src/flow/device";
import { callsForAPerson, type OfflinePack, type OfflineParcel } from "../src/flow/offline";
import KioskShell from "../src/KioskShell.vue";
import StaffScreen from "../src/pages/StaffScreen.vue";

const OPTIONS = [0, 1, 2, 3].map((value) => ({ value, label: `选 ${value}` }));
/** What is sealed is sealed by the machine: on a busy one that takes as long as it takes. */
vi.setConfig({ testTimeout: 120_000 });
const soon = { timeout: 30_000 };
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const { subtle } = globalThis.crypto;
const bytes = (text: string) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

/** A server in miniature: it holds the private half, and may be away. */
async function office() {
  const pair = (await subtle.generateKey(CURVE, true, ["deriveBits"])) as CryptoKeyPair;
  const key = btoa(String.fromCharCode(...new Uint8Array(await subtle.exportKey("raw", pair.publicKey))));
  const item = (name: string, danger: Array<number | null>) => ({ item: name, text: `问 ${name}`, options: OPTIONS, danger });
  const pack: OfflinePack = {
    form: "phq9", content: "c", title: "几道题", timeframe: "过去两周", key, total_from: 5,
    items: [item("q1", []), item("q2", []), item("q9", [null, 1, 2, 3])],
  };
  async function opens(parcel: OfflineParcel) {
    const theirs = await subtle.importKey("raw", bytes(parcel.key), CURVE, false, []);
    const shared = await subtle.deriveBits({ name: "ECDH", public: theirs }, pair.privateKey, 256);
    const root = await subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
    const info = new TextEncoder().encode("xinqiao offline parcel 1");
    const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
    const opening = await subtle.deriveKey(how, root, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
    const bound = { name: "AES-GCM", iv: bytes(parcel.iv), additionalData: new TextEncoder().encode(parcel.id) };
    return JSON.parse(new TextDecoder().decode(await subtle.decrypt(bound, opening, bytes(parcel.sealed))));
  }
  return { pack, opens };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] }));
afterEach(() => {
  vi.useRealTimers();
  document.body.innerHTML = "";
});

async function hall(before?: (press: (name: string) => Promise<void>) => Promise<void>) {
  const { pack, opens } = await office();
  const seen = { reloads: 0, got: [] as OfflineParcel[], cut: false, ended: false, tries: 0 };
  const device: Device = {
    known: true,
    beat: async () => !seen.cut && !seen.ended,
    unlock: async () => ({ open: true }),
    offline: async () => (seen.cut ? Promise.reject(new Error("cut")) : pack),
    forward: async (parcel) => {
      seen.tries += 1;
      if (seen.cut) throw new Error("cut");
      seen.got.push(parcel);
      return true;
    },
    reload: () => void (seen.reloads += 1),
  };
  const server = new FakeServer();
  const page = mount(KioskShell, { props: { api: makeApi(fakeFetch(server)), visit: new Visit(), device, place: "hall" }, attachTo: document.body });
  const cut = (is: boolean) => {
    seen.cut = is;
    server.silent = { requests: is ? 100_000 : 0, afterWork: false };
  };
  const has = (name: string) => page.find(`[data-test="${name}"]`).exists();
  const press = async (name: string) => {
    await page.get(`[data-test="${name}"]`).trigger("click");
    await flushPromises();
  };
  const passes = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms);
    await flushPromises();
  };
  /** What was given has been sealed: that is no timer, and takes as long as it takes. */
  const sealed = (tries: number) => vi.waitFor(() => expect(seen.tries).toBeGreaterThanOrEqual(tries), soon);
  await flushPromises();
  await before?.(press);
  cut(true);
  if (before) await press("finish");
  await passes(31_000);
  return { page, press, has, passes, cut, sealed, seen, opens, pack };
}

describe("a few questions while the network is cut", () => {
  it("a serious result says to go to the window and that nobody knows; it is sealed, kept, and sent once", async () => {
    const { page, press, has, passes, cut, sealed, seen, opens } = await hall();
    await press("screen-offline");
    expect(page.get("[data-test=away-screening]").text()).toContain("暂时没有人看到");
    await press("away-begin");
    await press("option-0");
    await press("option-0");
    await press("option-1");
    await sealed(1);
    await flushPromises();
    expect(page.get("[data-test=away-window]").text()).toContain("请到窗口");
    expect(page.get("[data-test=away-nobody-knows]").text()).toContain("还没有人看到");
    for (const line of ["12356", "120", "110"]) expect(page.get("[data-test=away-screening]").text()).toContain(line);
    await press("finish");
    expect(has("attract")).toBe(true);
    expect(seen.got).toEqual([]);

    cut(false);
    await passes(65_000);
    await vi.waitFor(() => expect(seen.got).toHaveLength(1), soon);
    await passes(65_000);
    expect(seen.got).toHaveLength(1);
    const held = await opens(seen.got[0]!);
    expect(held).toMatchObject({ form: "phq9", content: "c", agreed: true });
    expect(held.answers.map((one: { item: string; value: number }) => [one.item, one.value])).toEqual([["q1", 0], ["q2", 0], ["q9", 1]]);
    expect(seen.got[0]!.sent).toBeGreaterThanOrEqual(held.answers[2].at);
    expect(JSON.stringify(seen.got)).not.toContain('"q9'); // in quotes: what is sealed may hold any two letters
    expect(JSON.stringify(seen.got)).not.toContain("answers");
    page.unmount();
  });

  it("the page is not loaded afresh while something still waits in it", async () => {
    const { page, press, passes, cut, sealed, seen } = await hall();
    await press("screen-offline");
    await press("away-begin");
    await press("option-3");
    await press("finish");
    const forwards = seen.tries;
    // the pages of the server are back, but parcels are not taken yet
    cut(false);
    seen.cut = true;
    await passes(35_000);
    await sealed(forwards + 1);
    await flushPromises();
    expect(seen.reloads).toBe(0);
    seen.cut = false;
    await passes(65_000);
    await vi.waitFor(() => expect(seen.got).toHaveLength(1), soon);
    await passes(65_000);
    expect(seen.reloads).toBeGreaterThan(0);
    page.unmount();
  });

  it("a machine whose key was ended hands over what waits, although its beat is refused", async () => {
    const { page, press, passes, cut, sealed, seen } = await hall();
    await press("screen-offline");
    await press("away-begin");
    await press("option-3");
    await sealed(0);
    seen.ended = true;
    await press("finish");
    cut(false);
    await passes(65_000);
    await vi.waitFor(() => expect(seen.got).toHaveLength(1), soon);
    page.unmount();
  });

  it("whoever walks away in the middle has answered what they have answered; whoever looked only has not", async () => {
    const { page, press, passes, cut, seen, opens } = await hall();
    await press("screen-offline");
    await press("away-begin");
    await press("decline");
    await passes(100_000);
    expect(page.find("[data-test=attract]").exists()).toBe(true);
    await press("screen-offline");
    await press("away-begin");
    await press("finish");
    cut(false);
    await passes(65_000);
    await vi.waitFor(() => expect(seen.got).toHaveLength(1), soon);
    expect((await opens(seen.got[0]!)).answers).toMatchObject([{ item: "q1", value: null }]);
    page.unmount();
  });

  const talks = async (press: (name: string) => Promise<void>) => {
    await press("door-talk");
    await press("start");
  };

  it("while the one before has still to be reported as gone, the next one's screen is cleared and the answers are theirs", async () => {
    const { page, press, has, passes, cut, seen, opens } = await hall(talks);
    await press("screen-offline");
    await press("away-begin");
    await press("option-2");
    await press("elder");
    await press("finish");
    expect(has("attract")).toBe(true);
    expect(has("screen-offline")).toBe(true);
    expect(page.get("[data-test=elder]").text()).toBe("大字");
    await press("screen-offline");
    expect(has("away-begin")).toBe(true);
    await press("away-begin");
    await press("decline");
    cut(false);
    await press("finish");
    await passes(65_000);
    await vi.waitFor(() => expect(seen.got).toHaveLength(2), soon);
    const held = await Promise.all(seen.got.map(opens));
    expect(held.map((one) => one.answers.map((given: { item: string; value: number | null }) => [given.item, given.value]))).toEqual([[["q1", 2]], [["q1", null]]]);
    page.unmount();
  });

  it("and whoever walks away then is forgotten by the clock, the second one too", async () => {
    const { page, press, has, passes } = await hall(talks);
    for (const _ of [1, 2]) {
      await press("screen-offline");
      await press("away-begin");
      await press("option-1");
      await passes(100_000);
      expect(has("attract")).toBe(true);
      expect(page.text()).not.toContain("问 q");
    }
    await press("breathe-offline");
    await passes(220_000);
    expect(has("attract")).toBe(true);
    page.unmount();
  });

  it.each([0, 3])("what cannot be sealed is said so, and holds up no other (%d)", async (last) => {
    const { page, press, passes, cut, seen, opens } = await hall();
    const broken = vi.spyOn(subtle, "generateKey").mockRejectedValue(new Error("no key"));
    await press("screen-offline");
    await press("away-begin");
    for (const name of ["option-0", "option-0", `option-${last}`]) await press(name);
    expect(page.get("[data-test=away-not-kept]").text()).toContain("没能存下");
    expect(page.text()).not.toContain("锁好了");
    broken.mockRestore();
    await press("finish");
    await press("screen-offline");
    await press("away-begin");
    await press("option-1");
    await press("finish");
    cut(false);
    await passes(65_000);
    await vi.waitFor(() => expect(seen.got).toHaveLength(1), soon);
    expect((await opens(seen.got[0]!)).answers).toMatchObject([{ item: "q1", value: 1 }]);
    page.unmount();
  });

  it.each([[true, "有 2 份送不出去，请找管理员"], [false, "2 份等着送出，先不要关机"]])("staff read what waits, and whether the network is to blame (online: %s)", async (online, words) => {
    const device = { known: true, unlock: async () => ({ open: true }) } as unknown as Device;
    const page = mount(StaffScreen, { props: { device, online, heardAt: null, place: "hall", reloading: false, waiting: 2 } });
    for (const name of ["pin-1", "pin-2", "pin-3", "pin-4", "pin-5", "pin-6", "pin-go"]) await page.get(`[data-test="${name}"]`).trigger("click");
    await flushPromises();
    expect(page.get("[data-test=staff-waiting]").text()).toContain(words);
    page.unmount();
  });

  it("calls for a person by the server's rules: a single answer, one that was declined, a total", async () => {
    const { pack } = await office();
    const gives = (...values: Array<number | null>) => values.map((value, n) => ({ item: ["q1", "q2", "q9"][n]!, value, at: n }));
    expect(callsForAPerson(pack, gives(2, 2, 0))).toBe(false);
    expect(callsForAPerson(pack, gives(0, 0, 1))).toBe(true);
    expect(callsForAPerson(pack, gives(0, 0, null))).toBe(true);
    expect(callsForAPerson(pack, gives(3, 2))).toBe(true);
    expect(callsForAPerson({ ...pack, total_from: null }, gives(3, 3))).toBe(false);
  });
});
