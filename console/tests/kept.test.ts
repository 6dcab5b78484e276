import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PERSON, speakFor } from "../src/api/client";
import { drafts } from "../src/state/drafts";
import { keep, kept, lock, sendKept, unlock, whenSent } from "../src/state/kept";
import { login, logout, session } from "../src/state/session";
import { Drawer } from "./drawer";

const CODE = "C3TP-8WHN-2";
const BODY = { outcome: "met" as const, findings: [], family_present: true, visited_at: "2026-11-23T01:00:00.000Z", note: "女儿在家陪着" };
const AT = "2026-11-23T01:00:00.000Z";

/** The server, one cookie for the whole browser, and a network that may hold an answer back. */
class Browser {
  cookie = "";
  cut = false;
  /** What of the network fails, by the end of its address. */
  lost = "";
  /** What the office answers to a visit; none: it takes it. */
  refuses: { status: number; sentence: string; only?: string } | null = null;
  readonly recorded: { by: string; id: string }[] = [];
  readonly asked: string[] = [];
  private held: { path: string; go: () => void }[] = [];
  private holding: string[] = [];

  install(): void {
    globalThis.fetch = async (input: RequestInfo | URL): Promise<Response> => {
      const request = input as Request;
      const path = new URL(request.url).pathname;
      const text = request.method === "GET" ? "" : await request.text();
      if (this.cut || (this.lost && path.endsWith(this.lost))) throw new TypeError("network");
      const answer = this.answer(request, path, text ? (JSON.parse(text) as Record<string, string>) : {});
      if (this.holding.some((end) => path.endsWith(end))) await new Promise<void>((go) => this.held.push({ path, go }));
      return answer;
    };
  }
  /** From now on, answers of this path wait on their way until `release`. */
  hold(end: string): void {
    this.holding.push(end);
  }
  release(): void {
    this.holding = [];
    for (const one of this.held.splice(0)) one.go();
  }

  private answer(request: Request, path: string, body: Record<string, string>): Response {
    this.asked.push(`${request.method} ${path}`);
    const json = (data: unknown, status = 200): Response => new Response(JSON.stringify(data), { status, headers: { "content-type": "application/json" } });
    if (path === "/api/staff/login") {
      this.cookie = body.username as string;
      return json({ person: `p-${this.cookie}`, username: this.cookie, name: this.cookie, role: "judicial_officer", second: "none" });
    }
    if (!this.cookie) return json({ problem: "not_logged_in", sentence: "请先登录。" }, 401);
    const meant = request.headers.get(PERSON);
    if (meant !== null && meant !== `p-${this.cookie}`) return json({ problem: "another_person", sentence: "这个浏览器里换了另一位同事登录。" }, 409);
    if (path === "/api/staff/keeping-key") return json({ id: `p-${this.cookie}`, key: btoa(this.cookie.padEnd(32, "k")) });
    if (path === "/api/staff/logout") this.cookie = "";
    if (path.endsWith("/visits")) {
      if (this.refuses && (this.refuses.only ?? body.client_id) === body.client_id) return json({ problem: "refused", sentence: this.refuses.sentence }, this.refuses.status);
      this.recorded.push({ by: this.cookie, id: body.client_id as string });
    }
    return json({});
  }
}

let browser: Browser;
let drawer: Drawer;
let arrived: string[];
beforeEach(() => {
  browser = new Browser();
  browser.install();
  drawer = new Drawer();
  drawer.install();
  drafts.clear();
  arrived = [];
  whenSent((code) => arrived.push(code));
});
afterEach(async () => {
  await vi.waitFor(() => expect(kept.sending).toBe(false)); // nothing of this test clears up in the next one's drawer
  lock();
  drawer.remove();
});

/** Logged in, with the key in hand. */
async function comes(username: string): Promise<void> {
  expect(await login(username, "demo-demo")).toBeNull();
  await unlock();
}
/** At a door without a network. */
async function keeps(id: string): Promise<void> {
  browser.cut = true;
  expect(await keep(CODE, id, BODY, AT)).toBe(true);
  browser.cut = false;
}
const ids = (): string[] => kept.rows.map((row) => row.client_id);

describe("a visit that waits on the phone", () => {
  it("goes out by itself at the log-in, once, and leaves nothing", async () => {
    await comes("an");
    await keeps("v1");
    expect(JSON.stringify(drawer.rows)).not.toContain(BODY.note);
    lock();
    await login("an", "demo-demo");
    await vi.waitFor(() => expect(arrived).toEqual([CODE]));
    await sendKept();
    expect(browser.recorded).toEqual([{ by: "an", id: "v1" }]);
    expect(kept.rows).toEqual([]);
    await vi.waitFor(() => expect(drawer.names).toEqual([]));
  });

  it("is looked for again when the key could not be fetched at the log-in", async () => {
    await comes("an");
    await keeps("v1");
    lock();
    browser.lost = "/keeping-key";
    await comes("an");
    expect(kept.rows).toEqual([]);
    browser.lost = "";
    await sendKept();
    expect(browser.recorded).toEqual([{ by: "an", id: "v1" }]);
  });

  it("waits for its owner when a colleague has logged in beside them, and is never recorded in the colleague's name", async () => {
    await comes("an");
    await keeps("v1");
    browser.cookie = "bo"; // in another tab
    await sendKept();
    expect(browser.recorded).toEqual([]);
    expect(session.state).toBe("out");
    expect(session.why).toContain("换了另一位同事登录");
    expect(kept.rows).toEqual([]);
    expect(drawer.rows).toHaveLength(1);

    await comes("bo");
    await sendKept();
    expect(browser.recorded).toEqual([]);
    await comes("an");
    await vi.waitFor(() => expect(browser.recorded).toEqual([{ by: "an", id: "v1" }]));
  });

  it("goes in its owner's name, whatever the page says of itself", async () => {
    await comes("an");
    await keeps("v1");
    browser.cookie = "bo";
    speakFor("p-bo");
    await sendKept();
    expect(browser.recorded).toEqual([]);
    expect(drawer.rows).toHaveLength(1);
  });

  it("stays with the reason when the office does not take it, and goes again only when it is asked for", async () => {
    await comes("an");
    await keeps("v1");
    browser.refuses = { status: 409, sentence: "这张工单在何苗手里。" };
    await sendKept();
    expect(kept.rows[0]?.refused).toBe("这张工单在何苗手里。");
    browser.refuses = null;
    await sendKept();
    expect(browser.recorded).toEqual([]);
    await sendKept(true);
    expect(browser.recorded).toHaveLength(1);
  });

  it.each([503, 429])("is not refused by a server that cannot just now (%i)", async (status) => {
    await comes("an");
    await keeps("v1");
    browser.refuses = { status, sentence: "请稍后再试。" };
    await sendKept();
    expect(kept.rows[0]?.refused).toBeNull();
    browser.refuses = null;
    await sendKept();
    expect(browser.recorded).toHaveLength(1);
  });

  it("does not hold up the next visit when the server fails over one", async () => {
    await comes("an");
    await keeps("v1");
    await keeps("v2");
    browser.refuses = { status: 500, sentence: "出了点问题。", only: "v1" };
    await sendKept();
    expect(browser.recorded.map((one) => one.id)).toEqual(["v2"]);
    expect(kept.rows.map((row) => [row.client_id, row.refused])).toEqual([["v1", null]]);
  });
});

describe("an answer that comes too late", () => {
  it("opens nobody's notes after the log-out", async () => {
    await comes("an");
    await keeps("v1");
    lock();
    browser.hold("/keeping-key");
    await login("an", "demo-demo");
    await logout();
    browser.release();
    await flushPromises();
    await new Promise((go) => setTimeout(go, 20));
    expect(kept.rows).toEqual([]);
    expect(await keep(CODE, "v2", BODY, AT)).toBe(false);
  });

  it("is dropped while the key is still on its way, and while the notes are still being read", async () => {
    await comes("an");
    await keeps("v1");
    lock();
    browser.hold("/keeping-key");
    const opening = unlock();
    lock();
    browser.release();
    await opening;
    expect(await keep(CODE, "v2", BODY, AT)).toBe(false);
    expect(kept.rows).toEqual([]);

    drawer.meanwhile = lock;
    await unlock();
    drawer.meanwhile = () => {};
    expect(kept.rows).toEqual([]);
    expect(await keep(CODE, "v2", BODY, AT)).toBe(false);
  });

  it("opens the notes of nobody but whoever is here now", async () => {
    await comes("an");
    await keeps("an's");
    await comes("bo");
    await keeps("bo's");
    lock();
    browser.hold("/keeping-key");
    browser.hold("/visits");
    await login("an", "demo-demo");
    await login("bo", "demo-demo");
    browser.release();
    browser.hold("/visits");
    await unlock();
    await vi.waitFor(() => expect(ids()).toEqual(["bo's"]));
    await new Promise((go) => setTimeout(go, 20));
    expect(ids()).toEqual(["bo's"]);
    browser.release();
    await vi.waitFor(() => expect(browser.recorded).toEqual([{ by: "bo", id: "bo's" }]));
  });

  it("does not show one person's visit to the next, though it is kept", async () => {
    await comes("an");
    const keeping = keep(CODE, "v1", BODY, AT);
    lock();
    expect(await keeping).toBe(true);
    expect(kept.rows).toEqual([]);
    expect(drawer.rows).toHaveLength(1);
  });

  it("says nothing to the next person, and does not send the rest in their name", async () => {
    await comes("an");
    await keeps("v1");
    await keeps("v2");
    browser.hold("/visits");
    const sending = sendKept();
    await vi.waitFor(() => expect(browser.recorded).toHaveLength(1));
    lock();
    browser.cookie = "bo";
    browser.release();
    await sending;
    expect(arrived).toEqual([]);
    expect(browser.asked.filter((one) => one.endsWith("/visits"))).toHaveLength(1);
    expect(browser.recorded).toEqual([{ by: "an", id: "v1" }]);
    expect(kept.sending).toBe(false);
  });

  it("does not throw out whoever has logged in meanwhile", async () => {
    await comes("an");
    await keeps("v1");
    browser.hold("/visits");
    browser.cookie = "bo";
    const sending = sendKept();
    await vi.waitFor(() => expect(browser.asked.at(-1)).toContain("/visits"));
    await comes("bo");
    browser.release();
    await sending;
    expect(session.state).toBe("in");
    expect(session.me?.username).toBe("bo");
  });
});
