import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TicketList, TicketRow } from "../src/api/types";
import ListPage from "../src/pages/ListPage.vue";
import { router } from "../src/router";
import { duty, newReds, title } from "../src/state/duty";
import { sift } from "../src/state/views";
import { TestNetwork } from "./desk";

const NOW = "2026-11-22T06:00:00Z";
function ticket(code: string, level: TicketRow["level"], due: string, opened = NOW): TicketRow {
  return {
    code,
    kind: "home_visit",
    kind_word: "上门走访",
    level,
    level_word: { red: "红色", orange: "橙色", yellow: "黄色", blue: "蓝色", green: "绿色" }[level],
    state: "requested",
    state_word: "待签收",
    resident: "余*红",
    place: "浦沿街道",
    office: "puyan",
    office_name: "浦沿司法所",
    holder: null,
    mine: false,
    opened_at: opened,
    next_clock: { name: "acknowledge", label: "签收", due_at: due, stopped_at: null, state: "running", why: [] },
    worker_wanted_in_chat: false,
    drill: false,
  };
}
const list = (tickets: TicketRow[]): TicketList => ({ tickets, counts: { open: tickets.length }, now: NOW, red_bar: null });
const codes = (page: VueWrapper): (string | undefined)[] => page.findAll<HTMLElement>('[data-test="ticket-row"]').map((row) => row.element.dataset.code);
let page: VueWrapper;

const A = ticket("A", "red", "2026-11-22T06:20:00Z", "2026-11-22T05:59:00Z");
const B = ticket("B", "red", "2026-11-22T06:50:00Z", "2026-11-20T05:00:00Z");
const C = ticket("C", "orange", "2026-11-22T06:05:00Z", "2026-11-01T05:00:00Z");

beforeEach(() => {
  // Nobody is logged in there, so that a look changes nothing here.
  new TestNetwork().install();
  duty.list = list([A, B, C]);
  page = mount(ListPage, { props: { view: "open" }, global: { plugins: [router] }, attachTo: document.body });
});
afterEach(() => page.unmount());

describe("one's own view", () => {
  const D = { ...ticket("D", "orange", "2026-11-22T07:00:00Z"), holder: "沈青" };
  it("leaves out, and never changes the order", () => {
    expect(sift([A, D, B, C], { levels: [], free_only: false })).toEqual([A, D, B, C]);
    expect(sift([A, D, B, C], { levels: ["orange"], free_only: false })).toEqual([D, C]);
    expect(sift([A, D, B, C], { levels: ["orange"], free_only: true })).toEqual([C]);
  });

  it("says so when it leaves nothing, and how many there are", async () => {
    await page.get('[data-test="sift-green"]').trigger("click");
    expect(codes(page)).toEqual([]);
    expect(page.get('[data-test="sifted-empty"]').text()).toContain("3 件");
    await page.get('[data-test="sift-green"]').trigger("click");
    expect(codes(page)).toEqual(["A", "B", "C"]);
  });
});

describe("the list", () => {
  it("keeps the server's order: a red one stands before an orange one that is due sooner and is older", () => {
    expect(codes(page)).toEqual(["A", "B", "C"]);
  });

  it("follows the server when the order changes, and leaves the reader where she was", async () => {
    const row = page.get<HTMLElement>('[data-code="B"]').element;
    row.focus();
    duty.list = list([ticket("N", "red", "2026-11-22T06:10:00Z"), B, A, C]);
    await flushPromises();
    expect(codes(page)).toEqual(["N", "B", "A", "C"]);
    expect((document.activeElement as HTMLElement).dataset.code).toBe("B");
  });

  it("says level and lateness in words, and shows no colour alone", () => {
    const text = page.get('[data-code="A"]').text();
    expect(text).toContain("红色");
    expect(text).toContain("签收");
    expect(page.get('[data-code="A"] svg.shape path').attributes("d")).not.toBe(page.get('[data-code="C"] svg.shape path').attributes("d"));
  });

  it("moves along the lines with j and k, and not while somebody types", async () => {
    const press = (key: string, on: EventTarget = window): boolean => on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    const here = (): string | undefined => (document.activeElement as HTMLElement).dataset.code;
    press("j");
    press("j");
    expect(here()).toBe("B");
    press("k");
    expect(here()).toBe("A");
    const field = document.body.appendChild(document.createElement("textarea"));
    field.focus();
    press("j", field);
    expect(document.activeElement).toBe(field);
    field.remove();
  });
});

describe("a new red ticket", () => {
  it("is told once, and not on the first look", () => {
    expect(newReds(null, [A, B, C])).toEqual([]);
    expect(newReds(new Set(["B"]), [A, B, C])).toEqual(["A"]);
    expect(newReds(new Set(["A", "B"]), [A, B, ticket("D", "orange", NOW)])).toEqual([]);
  });

  it("is told when an orange one has become red", () => {
    expect(newReds(new Set(["A"]), [A, { ...C, level: "red" }])).toEqual(["C"]);
  });

  it("stands in the title as a number and nothing else", () => {
    expect(title(0)).toBe("心桥工作台");
    expect(title(2)).toBe("（2）心桥工作台");
  });
});
