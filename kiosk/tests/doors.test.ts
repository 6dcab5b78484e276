import { mount } from "@vue/test-utils";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EntrancesShown, ReviewedForm } from "../src/api/client";
import { checks, codeInAddress, digitsOf, grouped } from "../src/flow/code";
import { valueOf, writtenAs } from "../src/flow/written";
import EntrancePage from "../src/pages/EntrancePage.vue";
import LentPage from "../src/pages/LentPage.vue";
import MovePage from "../src/pages/MovePage.vue";
import RedeemPage from "../src/pages/RedeemPage.vue";
import ReviewPage from "../src/pages/ReviewPage.vue";

afterEach(() => {
  vi.useRealTimers();
  document.body.innerHTML = "";
});

const length = (id: "ultra" | "short", age: "under_14" | "from_14" | "adult" | null = null) => ({ age, id, name: id, questions: 8, minutes: 3 });
const entrances: EntrancesShown = {
  entrances: [
    { id: "resident", name: "我是居民", words: "", before: "", asks_age: false, lengths: [length("ultra"), length("short")] },
    { id: "student", name: "我是学生", words: "", before: "", asks_age: true, lengths: [length("ultra", "under_14"), length("short", "adult")] },
    { id: "worried", name: "我担心一个人", words: "", before: "他现在有危险，请马上打 120 或 110。", asks_age: false, lengths: [length("ultra")] },
  ],
  first: null,
  ask_age: "你今年多大？",
  ages: [{ id: "under_14", name: "不满 14 岁" }, { id: "adult", name: "18 岁及以上" }, { id: "not_said", name: "不想说" }],
  guardian: "先请大人看一看",
  guardian_agrees: "我同意孩子做。",
};

describe("entrances", () => {
  const page = () => mount(EntrancePage, { props: { entrances, busy: false }, attachTo: document.body });
  const press = (wrapper: ReturnType<typeof page>, name: string) => wrapper.get(`[data-test="${name}"]`).trigger("click");

  it("asks nobody's age who is not a student", async () => {
    const wrapper = page();
    await press(wrapper, "entrance-resident");
    await press(wrapper, "length-short");
    expect(wrapper.emitted("enter")).toEqual([[{ entrance: "resident", length: "short", age: null, guardian: null }]]);
  });

  it.each(["under_14", "not_said"])("asks a guardian first: %s", async (age) => {
    const wrapper = page();
    await press(wrapper, "entrance-student");
    await press(wrapper, `age-${age}`);
    expect(wrapper.find('[data-test="length-ultra"]').exists()).toBe(false);
    expect(wrapper.get('[data-test="guardian-asked"]').text()).toContain("先请大人");
    await press(wrapper, "guardian-parent");
    await press(wrapper, "length-ultra");
    expect(wrapper.emitted("enter")).toEqual([[{ entrance: "student", length: "ultra", age, guardian: "parent" }]]);
  });

  it("asks no guardian of a grown student, and shows the lengths of that age only", async () => {
    const wrapper = page();
    await press(wrapper, "entrance-student");
    await press(wrapper, "age-adult");
    expect(wrapper.find('[data-test="length-ultra"]').exists()).toBe(false);
    await press(wrapper, "length-short");
    expect(wrapper.emitted("enter")).toEqual([[{ entrance: "student", length: "short", age: "adult", guardian: null }]]);
  });

  it("says what to do for the other person before it asks about oneself", async () => {
    const wrapper = page();
    await press(wrapper, "entrance-worried");
    expect(wrapper.get('[data-test="entrance-before"]').text()).toContain("120");
  });
});

describe("looking through the answers", () => {
  const forms: ReviewedForm[] = [
    {
      administration: "a",
      title: "心情",
      timeframe: "过去两周",
      items: [
        { item: "q1", number: 1, text: "一", options: [{ value: 0, label: "完全不会" }, { value: 1, label: "好几天" }], input: null, given: 1 },
        { item: "q2", number: 2, text: "二", options: [{ value: 0, label: "完全不会" }], input: null, given: null },
        { item: "q3", number: 3, text: "三", options: [], input: { unit: "clock", lowest: 0, highest: 1439 }, given: 1350 },
      ],
    },
  ];
  const page = () => mount(ReviewPage, { props: { forms, busy: false }, attachTo: document.body });

  it("shows every answer in words, a refusal and a time too", () => {
    expect(page().findAll('[data-test="review-given"]').map((one) => one.text())).toEqual(["好几天", "不想回答", "22:30"]);
  });

  it("changes one answer by two taps, and sends nothing when it is the same", async () => {
    const wrapper = page();
    await wrapper.get('[data-test="review-q1"]').trigger("click");
    await wrapper.get('[data-test="review-option-1"]').trigger("click");
    expect(wrapper.emitted("change")).toBeUndefined();
    await wrapper.get('[data-test="review-q1"]').trigger("click");
    await wrapper.get('[data-test="review-option-0"]').trigger("click");
    expect(wrapper.emitted("change")).toEqual([["a", "q1", 0]]);
  });

  it("lets a time be written anew", async () => {
    const wrapper = page();
    await wrapper.get('[data-test="review-q3"]').trigger("click");
    await wrapper.get('[data-test="written-answer"]').setValue("06:05");
    await wrapper.get('[data-test="review-write"]').trigger("click");
    expect(wrapper.emitted("change")).toEqual([["a", "q3", 365]]);
  });
});

describe("written answers", () => {
  const clock = { unit: "clock", lowest: 0, highest: 1439 } as const;
  const hours = { unit: "hours", lowest: 0, highest: 86_400 } as const;
  const minutes = { unit: "minutes", lowest: 0, highest: 600 } as const;

  it("are whole numbers, or nothing", () => {
    expect([valueOf("22:30", clock), valueOf("6：05", clock), valueOf("24:00", clock), valueOf("", clock)]).toEqual([1350, 365, null, null]);
    expect([valueOf("6.5", hours), valueOf("25", hours), valueOf("7", hours), valueOf("六", hours)]).toEqual([23_400, null, 25_200, null]);
    expect([valueOf("30", minutes), valueOf("30.5", minutes), valueOf("601", minutes)]).toEqual([30, null, null]);
  });

  it("stand as they were written", () => {
    expect([writtenAs(365, clock), writtenAs(23_400, hours), writtenAs(30, minutes)]).toEqual(["06:05", "6.5", "30"]);
  });
});

describe("codes", () => {
  const RIGHT = "572400000003";

  it("tell a slip before anything is sent", async () => {
    const wrapper = mount(RedeemPage, { props: { busy: false, kiosk: true }, attachTo: document.body });
    const right = "0123456789".split("").map((last) => `57240000000${last}`).find(checks) ?? RIGHT;
    for (const digit of right) await wrapper.get(`[data-test="digit-${digit}"]`).trigger("click");
    expect((wrapper.get('[data-test="redeem-code"]').element as HTMLInputElement).value).toBe(grouped(right));
    await wrapper.get("form").trigger("submit");
    expect(wrapper.emitted("redeem")).toEqual([[right]]);
    await wrapper.get('[data-test="redeem-code"]').setValue(`${right.slice(0, 10)}${right[11]}${right[10]}`);
    expect(wrapper.find('[data-test="redeem-slip"]').exists()).toBe(right[10] !== right[11]);
  });

  it("read however they are written", () => {
    expect(digitsOf("４８２１ 0937-5526")).toBe("482109375526");
    expect(grouped("482109375526")).toBe("4821 0937 5526");
  });

  it("leave the address at once", () => {
    location.hash = "#482109375526";
    expect(codeInAddress()).toBe("482109375526");
    expect(location.hash).toBe("");
    expect(codeInAddress()).toBe(null);
  });

  it("are covered after two minutes, while the page goes on looking whether they were used", async () => {
    vi.useFakeTimers();
    const wrapper = mount(MovePage, { props: { code: { code: "4821 0937 5526", ends_at: "", picture: "data:," }, kiosk: true }, attachTo: document.body });
    expect(wrapper.get('[data-test="move-code"]').text()).toBe("4821 0937 5526");
    await vi.advanceTimersByTimeAsync(120_500);
    expect(wrapper.find('[data-test="move-code"]').exists()).toBe(false);
    expect(wrapper.emitted("look")?.length).toBe(40);
  });
});

describe("a phone that is lent", () => {
  const consents = { chat: false, screening: true, contact: false, share: false };

  it("gives itself back only with the worker's own sign-in, whose password does not stay", async () => {
    const wrapper = mount(LentPage, { props: { consents, done: true, paused: false, busy: false, back: true }, attachTo: document.body });
    await wrapper.get('[data-test="lent-username"]').setValue("puyan1");
    await wrapper.get('[data-test="lent-password"]').setValue("secret");
    await wrapper.get("form").trigger("submit");
    expect(wrapper.emitted("unlock")).toEqual([["puyan1", "secret"]]);
    expect((wrapper.get('[data-test="lent-password"]').element as HTMLInputElement).value).toBe("");
  });
});
