import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { quietTeam } from "../fake/desk";
import type { DayShown, TeamShown } from "../src/api/types";
import ClockList from "../src/components/ClockList.vue";
import WeekGrid from "../src/components/WeekGrid.vue";
import CloseForm from "../src/forms/CloseForm.vue";
import LowerForm from "../src/forms/team/LowerForm.vue";
import SetOutForm from "../src/forms/team/SetOutForm.vue";
import TransferForm from "../src/forms/team/TransferForm.vue";
import { drafts } from "../src/state/drafts";
import { login } from "../src/state/session";
import { DEEDS, deedsOf } from "../src/words/deeds";
import { homeOf, pagesOf } from "../src/words/pages";
import { tripLengths } from "../src/words/team";
import { dayAfter, hours, monday } from "../src/words/week";
import { dialogs, TestNetwork } from "./desk";

const CODE = "C3TP-8WHN-2";
let network: TestNetwork;
let page: VueWrapper;

const at = (test: string): HTMLElement => {
  const found = document.querySelector<HTMLElement>(`[data-test="${test}"]`);
  if (!found) throw new Error(`nothing called ${test} on the page`);
  return found;
};
const choose = (test: string): void => void at(test).querySelector("input")?.dispatchEvent(new Event("change", { bubbles: true }));
function type(test: string, text: string): void {
  const field = at(test) as HTMLTextAreaElement;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
async function press(form: string): Promise<void> {
  at(form).dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await flushPromises();
}
const team = (more: Partial<TeamShown> = {}): TeamShown => ({ ...quietTeam("red"), ...more });

beforeEach(async () => {
  dialogs();
  drafts.clear();
  network = new TestNetwork();
  network.install();
  expect(await login("puyan", "demo-demo")).toBeNull();
});
afterEach(() => page?.unmount());

describe("a deed that wants a reason", () => {
  it("goes out with office and reason, and under the same id after the network failed", async () => {
    page = mount(TransferForm, { props: { code: CODE, team: team() }, attachTo: document.body });
    await press("form-transfer");
    expect(document.body.textContent).toContain("先点一下转给哪个所");
    expect(document.body.textContent).toContain("至少 5 个字");
    expect(network.posts("/transfer")).toHaveLength(0);

    choose("transfer-office-xixing-sfs");
    type("transfer-reason", "本人上个月搬走了");
    network.cut = "back";
    await press("form-transfer");
    expect((at("transfer-reason") as HTMLTextAreaElement).value).toBe("本人上个月搬走了");
    network.cut = "";
    await press("form-transfer");
    const [first, second] = network.posts("/transfer");
    expect(second?.body).toEqual(first?.body);
    expect(second?.body).toMatchObject({ to_office: "xixing-sfs", reason: "本人上个月搬走了" });
    expect(drafts.any).toBe(false);
  });

  it("counts letters, not bytes or spaces", async () => {
    page = mount(LowerForm, { props: { code: CODE, team: team() }, attachTo: document.body });
    choose("lower-to-orange");
    type("lower-reason", "  四个汉字  ");
    await press("form-lower");
    expect(network.posts("/lowering")).toHaveLength(0);
    type("lower-reason", "五个汉字了");
    await press("form-lower");
    expect(network.posts("/lowering")[0]?.body).toMatchObject({ to_level: "orange", reason: "五个汉字了" });
  });
});

describe("setting out", () => {
  it("asks for the second person where two must go", async () => {
    page = mount(SetOutForm, { props: { code: CODE, team: team({ two_people: true }) }, attachTo: document.body });
    await press("form-set_out");
    expect(network.posts("/trip")).toHaveLength(0);
    expect(document.body.textContent).toContain("这次要两个人去");
    type("trip-companion", "何建国");
    await press("form-set_out");
    expect(network.posts("/trip")[0]?.body).toMatchObject({ companion: "何建国", minutes: 60 });
  });

  it("offers nothing longer than the policy allows", () => {
    expect(tripLengths(60).map((one) => one.value)).toEqual([30, 45, 60]);
    expect(tripLengths(20).map((one) => one.value)).toEqual([20]);
  });
});

describe("closing", () => {
  it("plans the ladder and closes in one tap, each under an id of its own", async () => {
    page = mount(CloseForm, { props: { code: CODE, needs: [], team: team(), planned: false }, attachTo: document.body });
    choose("close-outcome-supported");
    await press("form-close");
    expect(document.body.textContent).toContain("请点一下现在是哪一级");
    expect(network.posts("/follow-ups")).toHaveLength(0);

    choose("close-level-blue");
    await press("form-close");
    await press("form-close");
    const [plan, again] = network.posts("/follow-ups");
    const close = network.posts("/close")[0];
    expect(plan?.body).toMatchObject({ after_hours: [24, 72, 168, 720, 2160], invite: true });
    expect(again?.body).toEqual(plan?.body);
    expect(close?.body).toMatchObject({ outcome: "supported", new_level: "blue" });
    expect(close?.body.client_id).not.toBe(plan?.body.client_id);
  });
});

describe("a clock", () => {
  it("opens and says why its deadline is what it is", () => {
    const clock = { name: "visit" as const, label: "上门", due_at: new Date().toISOString(), stopped_at: null, state: "running" as const, why: ["从本人说那句话算起，4 小时。"] };
    page = mount(ClockList, { props: { clocks: [clock, { ...clock, name: "speak", why: [] }] }, attachTo: document.body });
    expect(at("because-visit").textContent).toContain("4 小时");
    expect(at("clock-visit").querySelector("summary")).not.toBeNull();
    expect(at("clock-speak").querySelector("summary")).toBeNull();
  });
});

describe("the menu of deeds", () => {
  it("has only what the server allows, and nothing that stands in a banner already", () => {
    expect(deedsOf(["call", "decide", "to_district", "attempt", "something new"])).toEqual(["attempt", "to_district"]);
    for (const deed of deedsOf(Object.keys(DEEDS))) expect(DEEDS[deed].hint).not.toBe("");
  });
});

describe("the pages of a role", () => {
  it("keep a partner away from everything but what it is asked", () => {
    expect(pagesOf("partner").map((one) => one.name)).toEqual(["partner"]);
    expect(homeOf("partner")).toBe("/partner");
    expect(pagesOf("judicial_officer").map((one) => one.name)).toEqual(["list", "day", "duty"]);
    const administers = pagesOf("administrator").map((one) => one.name);
    for (const residents of ["list", "day", "board"]) expect(administers).not.toContain(residents);
    for (const own of ["people", "places", "rules", "sentences", "audit", "second", "report", "wall"]) expect(administers).toContain(own);
    expect(pagesOf(undefined)).toEqual([]);
  });
});

describe("the week", () => {
  const day = (people: { username: string | null; name: string }[]): DayShown => ({
    day: "2026-11-23", label: "周一 11月23日", workday: true,
    stretches: [{ duty: "officer", from_at: "2026-11-23T04:00:00Z", to_at: "2026-11-23T16:00:00Z", people, words: "" }],
  });

  it("says with a word that nobody is there, not with a colour alone", () => {
    page = mount(WeekGrid, { props: { days: [day([])], today: "2026-11-23" }, attachTo: document.body });
    expect(at("gap-stretch").textContent).toContain("没有人");
    expect(at("gap-stretch").textContent).toContain("12:00–24:00");
  });

  it("names who is there", () => {
    page = mount(WeekGrid, { props: { days: [day([{ username: "a", name: "沈青" }, { username: null, name: "值班电话" }])], today: "2026-11-24" }, attachTo: document.body });
    expect(at("stretch").textContent).toContain("沈青、值班电话");
  });

  it("begins on Monday, over months and years", () => {
    expect(monday("2026-11-29")).toBe("2026-11-23");
    expect(monday("2026-11-23")).toBe("2026-11-23");
    expect(dayAfter("2026-12-28", 7)).toBe("2027-01-04");
    expect(hours({ from_at: "2026-11-23T16:00:00Z", to_at: "2026-11-24T00:30:00Z" })).toBe("00:00–08:30");
  });
});
