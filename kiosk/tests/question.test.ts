import { mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ScreeningShown } from "../src/api/client";
import { ADVANCE_MS } from "../src/flow/advance";
import { type At, after, before, cardOpens, questionAt, saidBefore } from "../src/flow/questionnaire";
import QuestionCard from "../src/pages/QuestionCard.vue";

const OPTIONS = ["完全没有", "有几天", "一半以上的日子", "几乎每天"].map((label, value) => ({ label, value }));

function screening(answered: Array<number | null>): ScreeningShown {
  return {
    administration: "11111111-1111-4111-8111-111111111111",
    instrument: "sample",
    title: "小测试",
    intro: "5 道题",
    timeframe: "过去两周",
    minutes: 1,
    item: `q${answered.length + 1}`,
    number: answered.length + 1,
    of: 5,
    text: `第 ${answered.length + 1} 问`,
    options: OPTIONS,
    answered: answered.map((given, index) => ({ item: `q${index + 1}`, number: index + 1, text: `第 ${index + 1} 问`, options: OPTIONS, given })),
  };
}

function card(answered: Array<number | null>, at: At = null) {
  const shown = screening(answered);
  return mount(QuestionCard, {
    props: { screening: shown, at, introduced: shown.administration, busy: false },
    attachTo: document.body,
  });
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  document.body.innerHTML = "";
});

describe("going back", () => {
  it("keeps every answer, and the number tells where one is", () => {
    const now = screening([2, null, 1]);
    let at = before(now, null);
    expect(questionAt(now, at)).toMatchObject({ item: "q3", number: 3, of: 5, given: 1, answered: true });
    at = before(now, at);
    expect(questionAt(now, at)).toMatchObject({ item: "q2", given: null, answered: true });
    at = before(now, before(now, before(now, at)));
    expect(questionAt(now, at)).toMatchObject({ item: "q1", given: 2 });
    at = after(now, after(now, after(now, at)));
    expect(at).toBeNull();
    expect(questionAt(now, at)).toMatchObject({ item: "q4", answered: false });
  });

  it("shows the earlier answer as chosen, and leaving it as it is sends nothing", async () => {
    const page = card([3, 1], 0);
    await vi.advanceTimersByTimeAsync(10);
    expect((page.get("[data-test=option-3] input").element as HTMLInputElement).checked).toBe(true);
    expect(page.get("progress").attributes("value")).toBe("1");
    await page.get("form").trigger("submit");
    expect(page.emitted("answer")).toBeUndefined();
    expect(page.emitted("on")).toHaveLength(1);
  });
});

describe("a tap", () => {
  it("goes on by itself after half a second", async () => {
    const page = card([]);
    await page.get("[data-test=option-2]").trigger("pointerdown");
    await page.get("[data-test=option-2] input").trigger("click");
    await vi.advanceTimersByTimeAsync(ADVANCE_MS - 20);
    expect(page.emitted("answer")).toBeUndefined();
    await vi.advanceTimersByTimeAsync(40);
    expect(page.emitted("answer")).toEqual([[2]]);
  });

  it("can be taken back", async () => {
    const page = card([]);
    await page.get("[data-test=option-2]").trigger("pointerdown");
    await page.get("[data-test=option-2] input").trigger("click");
    await page.get("[data-test=undo]").trigger("click");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(page.emitted("answer")).toBeUndefined();
    expect(page.find(".option.on").exists()).toBe(false);
  });
});

describe("the keyboard", () => {
  it("never goes on by itself: arrows only choose, Enter confirms", async () => {
    const page = card([]);
    const row = page.get("[data-test=option-1] input");
    await row.trigger("keydown", { key: "ArrowDown" });
    await row.trigger("click");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(page.emitted("answer")).toBeUndefined();
    await page.get("form").trigger("submit");
    expect(page.emitted("answer")).toEqual([[1]]);
  });
});

describe("not wanting to answer", () => {
  it("is an answer of its own, never a zero", async () => {
    const page = card([1]);
    await page.get("[data-test=decline]").trigger("click");
    expect(page.emitted("answer")).toEqual([[null]]);
  });
});

describe("what a screen reader hears", () => {
  it("names the question for the whole group and moves there", async () => {
    const page = card([1, 1]);
    await vi.advanceTimersByTimeAsync(10);
    expect(page.get("fieldset > legend").text()).toBe("第 3 问");
    expect(page.findAll("fieldset input[type=radio]")).toHaveLength(4);
    expect(document.activeElement).toBe(page.get("legend").element);
  });
});

describe("the card over the chat", () => {
  const turn = (more: object) =>
    ({ stage: "chat", door: "phone", place: null, consents: {}, messages: [], worker_called: false, hotlines: [], ...more }) as never;
  const danger = { id: "x", author: "program", kind: "danger", text: "我听到了", buttons: [], at: "" };

  it("stays away while words about danger are still to be read", () => {
    expect(cardOpens(null, turn({ screening: screening([]) }), false)).toBe(true);
    expect(cardOpens(null, turn({ screening: screening([]), messages: [danger] }), false)).toBe(false);
    expect(cardOpens(turn({}), turn({ screening: screening([]), alarm: { code: "B" } }), false)).toBe(false);
  });

  it("stays away while the person answers by typing, is asked to resume, or talks with a worker", () => {
    expect(cardOpens(null, turn({ screening: screening([]) }), true)).toBe(false);
    expect(cardOpens(null, turn({ screening: screening([]), resume: "接着做吗？" }), false)).toBe(false);
    expect(cardOpens(null, turn({ screening: screening([]), worker: { role: "社工", name: "周" } }), false)).toBe(false);
  });
});

describe("the safety questions", () => {
  const safety = { ...screening([]), instrument: "asq", intro: "几个直接一点的问题" };
  const message = (author: "resident" | "program", text: string, kind: "text" | "item" = "text") => ({
    id: text, author, author_name: null, kind, text, buttons: [], exercise: null, at: "2026-11-23T10:00:00Z",
  });
  const said = [message("resident", "我累"), message("program", "谢谢您肯讲出来"), message("program", safety.intro), message("program", "第 1 题", "item")];

  it("begin with the answer to what was told, which their card would hide", () => {
    expect(saidBefore(safety, said)).toBe("谢谢您肯讲出来");
    expect(saidBefore(screening([]), said)).toBeNull();
    const page = mount(QuestionCard, {
      props: { screening: safety, at: null, introduced: null, busy: false, ways: true, said: saidBefore(safety, said) },
    });
    expect(page.get("[data-test=screening-said]").text()).toBe("谢谢您肯讲出来");
  });

  it("offer no other set of questions in their place", () => {
    const props = { screening: safety, at: null, introduced: null, busy: false, ways: true };
    expect(mount(QuestionCard, { props: { ...props, said: "谢谢您肯讲出来" } }).find("[data-test=other-entrance]").exists()).toBe(false);
    expect(mount(QuestionCard, { props }).find("[data-test=other-entrance]").exists()).toBe(true);
  });
});
