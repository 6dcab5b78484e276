import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { FakeServer, fakeFetch } from "../dev/fake-server";
import { makeApi } from "../src/api/client";
import { Visit } from "../src/flow/after_leaving";
import { makeDevice } from "../src/flow/device";
import KioskShell from "../src/KioskShell.vue";
import { breathAt } from "../src/flow/breath";
import { newId } from "../src/flow/ids";
import { readShell } from "../src/flow/shell";
import { sendsOnKey } from "../src/flow/typing";
import { ALWAYS, clockWords, openWords, respondBy } from "../src/flow/words";
import AttractScreen from "../src/pages/AttractScreen.vue";
import ConsentForm from "../src/pages/ConsentForm.vue";
import FirstScreen from "../src/pages/FirstScreen.vue";
import ProgressPage from "../src/pages/ProgressPage.vue";
import ResultPage from "../src/pages/ResultPage.vue";
import PhoneShell from "../src/PhoneShell.vue";

afterEach(() => {
  document.body.innerHTML = "";
  document.documentElement.className = "";
});

const inOrder = (text: string, ...parts: string[]) => parts.map((part) => text.indexOf(part));

describe("which page a path opens", () => {
  it.each([
    ["/", { kind: "phone", place: null }],
    ["/q/abc.def", { kind: "phone", place: "abc.def" }],
    ["/q/", { kind: "phone", place: null }],
    ["/q/%E0%A4%A", { kind: "phone", place: null }],
    ["/kiosk/puyan", { kind: "kiosk", place: "puyan" }],
    ["/kiosk/", { kind: "kiosk", place: null }],
    ["/t/B-7K4M-2Q", { kind: "progress", code: "B-7K4M-2Q" }],
    ["/t/", { kind: "phone", place: null }],
  ])("%s", (path, shell) => expect(readShell(path)).toEqual(shell));
});

describe("the first screen", () => {
  it("says in order: a program, what it can do, who may see, when somebody comes, leaving and erasing", () => {
    const text = mount(FirstScreen, { props: { district: null, hotlines: [], busy: false, away: false } }).text();
    const places = inOrder(text, "不是真人", "我能做什么", "谁能看到", "什么时候有人联系您", "可以删");
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it("offers telephones and the breathing exercise when the network is away", () => {
    const page = mount(FirstScreen, { props: { district: null, hotlines: ALWAYS, busy: false, away: true, kiosk: true } });
    expect(page.get("[data-test=away]").text()).toContain("窗口");
    expect(page.find("[data-test=hotline-120]").exists()).toBe(true);
    expect(page.find("[data-test=breathe-offline]").exists()).toBe(true);
  });
});

describe("consent", () => {
  it("has four separate ticks, none made beforehand, and says the exception plainly", () => {
    const page = mount(ConsentForm, { props: { given: null, busy: false } });
    const ticks = page.findAll<HTMLInputElement>("input[type=checkbox]");
    expect(ticks).toHaveLength(4);
    expect(ticks.some((tick) => tick.element.checked)).toBe(false);
    expect(page.get("[data-test=exception]").text()).toContain("生命可能有危险");
  });

  it("needs the first tick to talk, and sends exactly what was ticked", async () => {
    const page = mount(ConsentForm, { props: { given: null, busy: false } });
    await page.get("form").trigger("submit");
    expect(page.emitted("agree")).toBeUndefined();
    await page.get("[data-test=tick-chat]").setValue(true);
    await page.get("[data-test=tick-share]").setValue(true);
    await page.get("form").trigger("submit");
    expect(page.emitted("agree")).toEqual([[{ chat: true, screening: false, contact: false, share: true }]]);
  });

  it("may take every tick back later, the first one too", async () => {
    const page = mount(ConsentForm, { props: { given: { chat: true, screening: true, contact: true, share: true }, busy: false, change: true } });
    for (const key of ["chat", "screening", "contact", "share"]) await page.get(`[data-test=tick-${key}]`).setValue(false);
    await page.get("form").trigger("submit");
    expect(page.emitted("agree")).toEqual([[{ chat: false, screening: false, contact: false, share: false }]]);
  });
});

describe("the result page", () => {
  const result = {
    thanks: "谢谢您",
    sentence: "这段时间您挺不容易的",
    level_word: "建议聊聊",
    tonight: ["早点睡"],
    we_do: "三个工作日内打电话给您",
    talk_to: "可以打 12356",
    details: [{ title: "小测试", total: 12, out_of: 27, words: "只是参考" }],
    at: "2026-03-01T10:00:00Z",
  };

  it("goes thanks, sentence, word, tonight, what we do, a person; the score only when unfolded", () => {
    const page = mount(ResultPage, { props: { result, kiosk: false, busy: false } });
    const text = page.text();
    const places = inOrder(text, "谢谢您", "这段时间", "建议聊聊", "早点睡", "三个工作日", "12356", "存到手机", "详细");
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect((page.get("details").element as HTMLDetailsElement).open).toBe(false);
  });

  it("saves and prints nothing at the kiosk", () => {
    const page = mount(ResultPage, { props: { result, kiosk: true, busy: false } });
    expect(page.find("[data-test=result-save]").exists()).toBe(false);
    expect(page.find("[data-test=result-print]").exists()).toBe(false);
  });
});

describe("the phone", () => {
  it("begins no conversation before somebody says so, and has the hotlines one tap away", async () => {
    const server = new FakeServer();
    const page = mount(PhoneShell, { props: { api: makeApi(fakeFetch(server)), place: "x" }, attachTo: document.body });
    await flushPromises();
    expect(server.heard.every((one) => one.method === "GET")).toBe(true);
    expect(page.get("[data-test=hotline-strip]").text()).toContain("现在有人接");
    await page.get("[data-test=hotline-strip]").trigger("click");
    expect(page.get("[data-test=hotline-12356] a").attributes("href")).toBe("tel:12356");
    expect(page.find("[data-test=demo-banner]").exists()).toBe(true);
    page.unmount();
  });

  it("grows for elders without writing that down anywhere", async () => {
    const page = mount(PhoneShell, { props: { api: makeApi(fakeFetch(new FakeServer())), place: null } });
    await page.get("[data-test=elder]").trigger("click");
    expect(document.documentElement.classList.contains("elder")).toBe(true);
    expect(localStorage.length + sessionStorage.length).toBe(0);
    await page.get("[data-test=elder]").trigger("click");
    page.unmount();
  });
});

describe("the kiosk", () => {
  it("has exactly three doors", () => {
    const page = mount(AttractScreen, { props: { district: null, away: false, offline: false } });
    expect(page.findAll("nav button").map((door) => door.get("b").text())).toEqual(["聊一聊", "测一测", "找调解员·问信访"]);
  });

  it("keeps 「结束并清除」 and 「叫工作人员」 on every screen, and never dials or exports", async () => {
    const server = new FakeServer();
    const page = mount(KioskShell, { props: { api: makeApi(fakeFetch(server)), visit: new Visit(), device: makeDevice(null), place: "hall" }, attachTo: document.body });
    await flushPromises();
    const always = () => page.find("[data-test=finish]").exists() && page.find("[data-test=call-staff]").exists();
    expect(always()).toBe(true);
    await page.get("[data-test=door-window]").trigger("click");
    expect(always()).toBe(true);
    await page.get("[data-test=window-back]").trigger("click");
    await page.get("[data-test=door-talk]").trigger("click");
    expect(always()).toBe(true);
    await page.get("[data-test=start]").trigger("click");
    await flushPromises();
    expect(page.find("[data-test=consent]").exists()).toBe(true);
    expect(always()).toBe(true);
    await page.get("[data-test=cover]").trigger("click");
    expect(page.find("[data-test=uncover]").exists()).toBe(true);
    expect(page.findAll("a[href^='tel:']")).toHaveLength(0);
    page.unmount();
  });

  it("refuses the context menu", () => {
    const page = mount(KioskShell, { props: { api: makeApi(fakeFetch(new FakeServer())), visit: new Visit(), device: makeDevice(null), place: null }, attachTo: document.body });
    const event = new Event("contextmenu", { cancelable: true, bubbles: true });
    document.body.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
    page.unmount();
  });
});

describe("the ticks", () => {
  const form = (wordsLeave?: boolean) => mount(ConsentForm, { props: { given: null, busy: false, wordsLeave } });

  it("say before the first of them that words go to a program outside, where they do", () => {
    const page = form(true);
    const said = page.get("[data-test=words-leave]");
    expect(said.text()).toContain("送到本区外面的一个电脑程序");
    expect(said.text()).toContain("可以不勾");
    const first = page.get("input").element;
    expect(said.element.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
    expect(page.get("fieldset").attributes("aria-describedby")).toBe(said.attributes("id"));
  });

  it("say nothing of it where nothing leaves", () => {
    expect(form().find("[data-test=words-leave]").exists()).toBe(false);
    expect(form(false).text()).not.toContain("外面");
  });

  it("hear of it from the server, on the phone", async () => {
    const server = new FakeServer();
    server.wordsLeave = true;
    const page = mount(PhoneShell, { props: { api: makeApi(fakeFetch(server)), place: "x" }, attachTo: document.body });
    await flushPromises();
    await page.get("[data-test=start]").trigger("click");
    await flushPromises();
    expect(page.find("[data-test=words-leave]").exists()).toBe(true);
    page.unmount();
  });
});

describe("the progress page", () => {
  it("takes a no to reminders, and takes it back", async () => {
    const server = new FakeServer();
    server.rescreen = true;
    const page = mount(ProgressPage, { props: { api: makeApi(fakeFetch(server)), code: "B-7K4M-2Q" } });
    await flushPromises();
    await page.get("[data-test=reminders-off]").trigger("click");
    await flushPromises();
    expect(page.find("[data-test=progress-rescreen]").exists()).toBe(false);
    expect(page.get("[data-test=reminders-are-off]").text()).toContain("不再提醒您");
    await page.get("[data-test=reminders-on]").trigger("click");
    await flushPromises();
    expect(page.find("[data-test=progress-rescreen]").exists()).toBe(true);
    page.unmount();
  });

  it("tells stages in words, who opened what, and how to object", async () => {
    const page = mount(ProgressPage, { props: { api: makeApi(fakeFetch(new FakeServer())), code: "B-7K4M-2Q" } });
    await flushPromises();
    expect(page.get("[data-test=progress-steps]").text()).toContain("办好了");
    expect(page.get("[data-test=progress-openings]").text()).toContain("浦沿司法所");
    expect(page.find("[data-test=progress-object]").exists()).toBe(true);
    page.unmount();
  });

  it("says first what comes next and who has it, and shows a code that can be read aloud", async () => {
    const page = mount(ProgressPage, { props: { api: makeApi(fakeFetch(new FakeServer())), code: "B-7K4M-2Q" } });
    await flushPromises();
    expect(page.get("[data-test=progress-next]").text()).toBe("今天 15:30 前会有人和您通话。");
    expect(page.get("[data-test=progress-who]").text()).toContain("社工 沈青");
    expect(page.get("[data-test=progress-code]").attributes("aria-label")).toBe("B，7 K 4 M，2 Q");
    expect(page.get("[data-test=code-qr]").attributes("src")).toBe("/api/progress/B-7K4M-2Q/qr");
    page.unmount();
  });

  it("invites to the questions once more only when whoever follows it up says so", async () => {
    const server = new FakeServer();
    const api = makeApi(fakeFetch(server));
    const quiet = mount(ProgressPage, { props: { api, code: "B-7K4M-2Q" } });
    await flushPromises();
    expect(quiet.find("[data-test=progress-rescreen]").exists()).toBe(false);
    quiet.unmount();
    server.rescreen = true;
    const invited = mount(ProgressPage, { props: { api, code: "B-7K4M-2Q" } });
    await flushPromises();
    expect(invited.get("[data-test=progress-rescreen] a").attributes("href")).toBe("/");
    expect(invited.get("[data-test=progress-rescreen]").text()).toContain("不想答也没关系");
    invited.unmount();
  });

  it("passes on what somebody wants said, never empty where words are wanted, and keeps them when it fails", async () => {
    const server = new FakeServer();
    const page = mount(ProgressPage, { props: { api: makeApi(fakeFetch(server)), code: "B-7K4M-2Q" }, attachTo: document.body });
    await flushPromises();
    await page.get("[data-test=wish-suits]").trigger("click");
    expect(page.get("[data-test=wish-send]").attributes("disabled")).toBeDefined();
    await page.get("[data-test=wish-text]").setValue("下午三点以后");
    server.silent = { requests: 1, afterWork: true };
    await page.get("[data-test=wish-form]").trigger("submit");
    await flushPromises();
    expect(page.get("[data-test=wish-trouble]").text()).toContain("没有丢");
    expect((page.get("[data-test=wish-text]").element as HTMLTextAreaElement).value).toBe("下午三点以后");
    await page.get("[data-test=wish-form]").trigger("submit");
    await flushPromises();
    const sent = server.heard.filter((one) => one.path.endsWith("/wishes"));
    expect(sent).toHaveLength(2);
    expect(sent[0]!.body).toEqual(sent[1]!.body);
    expect(sent.every((one) => !one.path.includes("下午"))).toBe(true);
    expect(page.get("[data-test=wish-answer]").text()).toContain("已经转给浦沿司法所");
    expect(page.get("[data-test=progress-wishes]").text()).toContain("您说了什么时候方便");
    expect(page.find("[data-test=wish-form]").exists()).toBe(false);
    page.unmount();
  });

  it("answers danger with telephones", async () => {
    const page = mount(ProgressPage, { props: { api: makeApi(fakeFetch(new FakeServer())), code: "B-7K4M-2Q" }, attachTo: document.body });
    await flushPromises();
    await page.get("[data-test=wish-thanks]").trigger("click");
    await page.get("[data-test=wish-text]").setValue("我不想活了");
    await page.get("[data-test=wish-form]").trigger("submit");
    await flushPromises();
    expect(page.get("[data-test=wish-answer]").text()).toContain("120");
    expect(page.get("[data-test=wish-answer]").find("[data-test=hotline-120]").exists()).toBe(true);
    page.unmount();
  });

  it("says kindly when a code is not known", async () => {
    const page = mount(ProgressPage, { props: { api: makeApi(fakeFetch(new FakeServer())), code: "nobody" } });
    await flushPromises();
    expect(page.get("[data-test=progress-trouble]").text()).toContain("核对");
    page.unmount();
  });
});

describe("small words", () => {
  const now = new Date("2026-03-01T07:30:00Z"); // 15:30 in Hangzhou
  it("says times as the hall's clock does", () => {
    expect(clockWords("2026-03-01T07:42:00Z", now)).toBe("15:42");
    expect(clockWords("2026-03-01T16:05:00Z", now)).toBe("明天 00:05");
    expect(respondBy("2026-03-01T07:42:00Z", now)).toBe("15:42 前");
    expect(respondBy("2026-03-01T07:00:00Z", now)).toContain("晚了");
  });

  it("claims no opening hours that it does not know", () => {
    expect(openWords(ALWAYS[0]!)).toBe("打打看");
    expect(openWords({ ...ALWAYS[0]!, hours: "8:00–22:00" })).toBe("现在没人接");
  });

  it("counts a breath in for four and out for six", () => {
    expect([0, 3, 4, 9, 10].map((second) => breathAt(second).words)).toEqual(["慢慢吸气", "慢慢吸气", "慢慢呼气", "慢慢呼气", "慢慢吸气"]);
    expect(breathAt(10)).toMatchObject({ round: 2, count: 1 });
  });

  it("sends on Enter, but not in the middle of a word being composed", () => {
    const enter = { key: "Enter", shiftKey: false, isComposing: false, keyCode: 13 };
    expect(sendsOnKey(enter)).toBe(true);
    expect(sendsOnKey({ ...enter, shiftKey: true })).toBe(false);
    expect(sendsOnKey({ ...enter, isComposing: true })).toBe(false);
    expect(sendsOnKey({ ...enter, keyCode: 229 })).toBe(false);
  });

  it("makes ids of the right kind", () => {
    expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe("promises of the source", () => {
  const files = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
    );
  const source = files("src").filter((file) => !file.endsWith("schema.d.ts")).map((file) => ({ file, text: readFileSync(file, "utf8") }));

  it.each([
    ["keeps nothing on the device", /localStorage|sessionStorage|indexedDB|document\.cookie|caches\./],
    ["asks no other site", /https?:\/\/(?!www\.w3\.org)/],
    ["builds no code or markup from text", /\beval\(|new Function|v-html|innerHTML/],
    ["uses no word that hurts", /诊断|患者|重点人|高危|异常|患有|治疗|完全保密|用户/],
    ["imports nothing of the test server", /fake-server|fake-plugin/],
  ])("%s", (_promise, pattern) => {
    expect(source.filter(({ text }) => pattern.test(text)).map(({ file }) => file)).toEqual([]);
  });
});
