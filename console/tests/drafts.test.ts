import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import CallForm from "../src/forms/CallForm.vue";
import CloseForm from "../src/forms/CloseForm.vue";
import VisitForm from "../src/forms/VisitForm.vue";
import { drafts } from "../src/state/drafts";
import { login, logout, session } from "../src/state/session";
import { quietTeam } from "../fake/desk";
import { dialogs, TestNetwork } from "./desk";

const CODE = "C3TP-8WHN-2";
const HIDDEN = { opened: false, name: "钱*生", phone: "138****0142", address: null, address_state: "unknown" as const, safe_to_call: null, trusted_person: null };
let network: TestNetwork;
let open: VueWrapper[] = [];

const at = (test: string): HTMLElement => {
  const found = document.querySelector<HTMLElement>(`[data-test="${test}"]`);
  if (!found) throw new Error(`nothing called ${test} on the page`);
  return found;
};
function choose(test: string): void {
  at(test).querySelector("input")?.dispatchEvent(new Event("change", { bubbles: true }));
}
function type(test: string, text: string): void {
  const field = at(test) as HTMLTextAreaElement;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
async function press(form: string): Promise<void> {
  at(form).dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await flushPromises();
}
function visit(): VueWrapper {
  const page = mount(VisitForm, { props: { code: CODE }, attachTo: document.body });
  open.push(page);
  return page;
}

beforeEach(async () => {
  dialogs();
  drafts.clear();
  network = new TestNetwork();
  network.install();
  expect(await login("puyan", "demo-demo")).toBeNull();
});
afterEach(() => {
  open.forEach((page) => page.unmount());
  open = [];
});

describe("what a worker has typed", () => {
  it("stays when the network fails, and goes with the same id the second time", async () => {
    const page = visit();
    choose("visit-outcome-met");
    await flushPromises();
    choose("visit-finding-bereavement");
    type("visit-note", "父亲上月去世");
    network.cut = "back";
    await press("form-visit");
    expect(at("problem").textContent).toContain("您写的内容还在这里");
    expect((at("visit-note") as HTMLTextAreaElement).value).toBe("父亲上月去世");
    // There is no store in this document, so nothing was kept, and the page must not say that it was.
    await vi.waitFor(() => at("not-kept"));
    expect(at("not-kept").textContent).toContain("没能存进这台手机");
    expect(page.emitted("kept")).toBeUndefined();

    network.cut = "";
    await press("form-visit");
    const [first, second] = network.posts("/visits");
    expect(second?.body).toEqual(first?.body);
    expect(second?.body).toMatchObject({ outcome: "met", findings: ["bereavement"], visited_at: null, note: "父亲上月去世" });
    expect(page.emitted("done")).toHaveLength(1);
    expect(drafts.any).toBe(false);
  });

  it("stays in its ticket when the sheet is put away, and a new record has a new id", async () => {
    visit();
    type("visit-note", "还没写完");
    await flushPromises();
    open.pop()?.unmount();
    expect(drafts.waiting(CODE, "visit")).toBe(true);
    expect(drafts.waiting("K5JD-7PQA-6", "visit")).toBe(false);

    visit();
    expect((at("visit-note") as HTMLTextAreaElement).value).toBe("还没写完");
    choose("visit-outcome-nobody_home");
    await press("form-visit");
    open.pop()?.unmount();
    visit();
    choose("visit-outcome-met");
    await press("form-visit");
    const [first, second] = network.posts("/visits");
    expect(first?.body.client_id).not.toBe(second?.body.client_id);
  });

  it("outlives a session that has ended, for the same person only", async () => {
    const page = mount(CallForm, { props: { code: CODE, identity: HIDDEN }, attachTo: document.body });
    open.push(page);
    choose("call-outcome-no_answer");
    type("call-note", "晚上再打");
    network.desk.answer("POST", "/api/fake/expire", new URLSearchParams(), {});
    await press("form-call");
    expect(session.state).toBe("out");
    expect(session.why).toContain("还在");

    await login("puyan", "demo-demo");
    expect(drafts.waiting(CODE, "call")).toBe(true);
    drafts.belongTo("somebody-else");
    expect(drafts.waiting(CODE, "call")).toBe(false);
  });

  it("is gone after logging out", async () => {
    visit();
    type("visit-note", "不要了");
    await logout();
    expect(drafts.any).toBe(false);
    expect(session.me).toBeNull();
  });

  it("is in no storage of the browser", async () => {
    visit();
    type("visit-note", "只在内存里");
    await flushPromises();
    expect(localStorage.length + sessionStorage.length).toBe(0);
  });
});

describe("the forms", () => {
  it("show the server's refusal beside what was typed", async () => {
    const page = mount(CloseForm, { props: { code: CODE, needs: ["还没有见到本人：请先上门并记下来。"], team: quietTeam("orange"), planned: true }, attachTo: document.body });
    open.push(page);
    expect(at("close-needs").textContent).toContain("还没有见到本人");
    choose("close-outcome-supported");
    type("close-note", "她说好多了");
    await press("form-close");
    expect(at("problem").textContent).toContain("还不能结案");
    expect((at("close-note") as HTMLTextAreaElement).value).toBe("她说好多了");
    expect(page.emitted("done")).toBeUndefined();
  });

  it("ask for an outcome before they send anything", async () => {
    visit();
    await press("form-visit");
    expect(document.body.textContent).toContain("先点一下上门的情况");
    expect(network.posts("/visits")).toHaveLength(0);
  });

  it("record a visit of long ago without a word of refusal", async () => {
    visit();
    choose("visit-outcome-refused");
    choose("visit-when-earlier");
    await flushPromises();
    type("visit-at", "2026-10-01T15:20");
    await press("form-visit");
    expect(network.posts("/visits")[0]?.body.visited_at).toBe("2026-10-01T07:20:00.000Z");
  });

  it("do not send findings of a meeting that did not happen", async () => {
    visit();
    choose("visit-outcome-met");
    await flushPromises();
    choose("visit-finding-debt");
    choose("visit-outcome-nobody_home");
    await press("form-visit");
    expect(network.posts("/visits")[0]?.body.findings).toEqual([]);
  });

  it("let 「都没有」 and a finding take each other's place", async () => {
    visit();
    choose("visit-outcome-met");
    await flushPromises();
    choose("visit-finding-debt");
    await flushPromises();
    choose("visit-finding-none");
    await flushPromises();
    expect(drafts.of<{ findings: string[] }>(CODE, "visit", () => ({ findings: [] })).body.findings).toEqual(["none"]);
    choose("visit-finding-illness");
    await flushPromises();
    expect(drafts.of<{ findings: string[] }>(CODE, "visit", () => ({ findings: [] })).body.findings).toEqual(["illness"]);
  });
});

describe("logging in", () => {
  it("shows what the server says about waiting, and nothing of its own about the account", async () => {
    for (let i = 0; i < 10; i++) expect((await login("nobody", "wrong"))?.sentence).toBe("用户名或密码不对，请再试一次。");
    expect((await login("puyan", "wrong"))?.sentence).toContain("15 分钟后再试");
  });
});
