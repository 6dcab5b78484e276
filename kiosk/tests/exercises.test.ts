import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { encode } from "uqr";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeServer, fakeFetch } from "../dev/fake-server";
import { makeApi, type PlanShown, type SkillShown } from "../src/api/client";
import { BOX, breathAt, LONG } from "../src/flow/breath";
import { bubbleButtons, drawn, waitingMinutes } from "../src/flow/exercise";
import { IDLE_MS, patience, SLOW_MS } from "../src/flow/patience";
import { planPieces, planText } from "../src/flow/plan";
import { week } from "../src/flow/week";
import { Visit } from "../src/flow/after_leaving";
import { makeDevice } from "../src/flow/device";
import KioskShell from "../src/KioskShell.vue";
import ExerciseCard from "../src/parts/ExerciseCard.vue";
import TimerRing from "../src/parts/pictures/TimerRing.vue";
import PhoneShell from "../src/PhoneShell.vue";

afterEach(() => {
  document.body.innerHTML = "";
  document.documentElement.className = "";
  vi.useRealTimers();
  vi.restoreAllMocks();
});

beforeEach(() => {
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.open = true;
  };
});

const skill = (over: Partial<SkillShown> = {}): SkillShown => ({
  skill: "breathing_box",
  step: "rounds",
  title: "数着四下喘口气",
  number: 2,
  of: 4,
  ask: "next",
  buttons: [{ choice: "step_next", title: "好了" }],
  picture: "breath_box",
  ...over,
});

async function talking(server: FakeServer, kiosk = false): Promise<VueWrapper> {
  const api = makeApi(fakeFetch(server));
  const page = kiosk
    ? mount(KioskShell, { props: { api, visit: new Visit(), device: makeDevice(null), place: "hall" }, attachTo: document.body })
    : mount(PhoneShell, { props: { api, place: null }, attachTo: document.body });
  await flushPromises();
  if (kiosk) await press(page, "door-talk");
  await press(page, "start");
  await page.get("[data-test=tick-chat]").setValue(true);
  await page.get("[data-test=consent]").trigger("submit");
  await flushPromises();
  return page;
}

async function press(page: VueWrapper, name: string): Promise<void> {
  await page.get(`[data-test=${name}]`).trigger("click");
  await flushPromises();
}

async function chooses(page: VueWrapper, from: string): Promise<void> {
  await press(page, "menu");
  await press(page, "menu-together");
  await press(page, `choice-${from}`);
}

describe("a breath", () => {
  it("goes round the box in four fours, and long out in four, seven and eight", () => {
    const box = Array.from({ length: 17 }, (_, second) => breathAt(second, BOX));
    expect(box.map((one) => one.phase).join(" ")).toBe(`${"in ".repeat(4)}${"hold ".repeat(4)}${"out ".repeat(4)}${"rest ".repeat(4)}in`);
    expect(box[16]).toMatchObject({ round: 2, count: 1 });
    expect([breathAt(10, LONG), breathAt(11, LONG), breathAt(18, LONG)]).toMatchObject([
      { phase: "hold", count: 7 },
      { phase: "out", count: 1 },
      { phase: "out", count: 8 },
    ]);
  });
});

describe("the drawings", () => {
  const SKILLS = join(__dirname, "../../bot/skills");
  const steps = readdirSync(SKILLS).filter((name) => name.endsWith(".yml")).flatMap((name) => {
    const blocks = readFileSync(join(SKILLS, name), "utf8").split(/^ {2}- id: /m).slice(1);
    return blocks.map((text) => ({ skill: name.replace(".yml", ""), text, step: text.split("\n")[0]!.trim(), picture: /^ {4}picture: (\w+)/m.exec(text)?.[1] ?? null }));
  });

  it("exist for each step that names one", () => {
    const named = steps.filter((one) => one.picture);
    expect(named.length).toBeGreaterThan(20);
    const missing = named.filter((one) => drawn(skill({ ...one, picture: one.picture as SkillShown["picture"] })) === null);
    expect(missing.map((one) => `${one.skill}/${one.step}`)).toEqual([]);
  });

  it("wait as long as their step says", () => {
    const SAID: Record<number, string> = { 5: "五分钟", 15: "一刻钟", 20: "二十分钟" };
    for (const one of steps.filter((two) => two.picture === "timer")) expect(one.text, one.skill).toContain(SAID[waitingMinutes(one.skill)]);
  });

  it("have a ring that ends without a word of blame, and without anything to press", async () => {
    vi.useFakeTimers();
    const ring = mount(TimerRing, { props: { minutes: 5, running: false } });
    vi.advanceTimersByTime(60_000);
    await ring.vm.$nextTick();
    expect(ring.text()).toContain("5 分钟");
    await ring.setProps({ running: true });
    vi.advanceTimersByTime(150_000);
    await ring.vm.$nextTick();
    expect(ring.text()).toContain("3 分钟");
    vi.advanceTimersByTime(600_000);
    await ring.vm.$nextTick();
    expect(ring.text()).toContain("不着急");
    expect(ring.find("button").exists()).toBe(false);
  });

  it("stand still, with the same words, for who wants stillness", () => {
    const moving = mount(ExerciseCard, { props: { skill: skill(), busy: false } });
    vi.spyOn(globalThis, "matchMedia").mockReturnValue({ matches: true } as MediaQueryList);
    const still = mount(ExerciseCard, { props: { skill: skill(), busy: false } });
    expect(moving.get("[data-test=pacer]").classes()).not.toContain("still");
    expect(still.get("[data-test=pacer]").classes()).toContain("still");
    expect(still.text()).toBe(moving.text());
  });
});

describe("the card of an exercise", () => {
  it("says where one is, and posts the choices of its step", async () => {
    const page = mount(ExerciseCard, { props: { skill: skill(), busy: false } });
    expect(page.get("[data-test=exercise-title]").text()).toBe("数着四下喘口气");
    expect(page.get("[data-test=exercise-step]").text()).toBe("第 2 步 / 共 4 步");
    for (const name of ["step_next", "skill_back", "skill_skip", "skill_stop"]) await page.get(`[data-test=choice-${name}]`).trigger("click");
    expect(page.emitted("choice")).toEqual([["step_next"], ["skill_back"], ["skill_skip"], ["skill_stop"]]);
  });

  it("has no step before the first", () => {
    const page = mount(ExerciseCard, { props: { skill: skill({ number: 1 }), busy: false } });
    expect(page.find("[data-test=choice-skill_back]").exists()).toBe(false);
  });

  it("goes on with the keyboard where a button was pressed, and leaves who types alone", async () => {
    const page = mount(ExerciseCard, { props: { skill: skill(), busy: false }, attachTo: document.body });
    await page.setProps({ skill: skill({ step: "after" }) });
    expect(document.activeElement?.tagName).not.toBe("H2");
    await page.get("[data-test=choice-step_next]").trigger("click");
    await page.setProps({ skill: skill({ step: "last" }) });
    await flushPromises();
    expect(document.activeElement?.tagName).toBe("H2");
  });

  it("leaves other buttons under their bubble", () => {
    const buttons = ["step_next", "skill_back", "skill_stop", "grounding", "ask_hospital"].map((choice) => ({ choice, title: choice }));
    expect(bubbleButtons(buttons).map((one) => one.choice)).toEqual(["grounding", "ask_hospital"]);
  });
});

describe.each([["phone", false], ["kiosk", true]])("an exercise at the %s", (_, kiosk) => {
  it("begins from the menu, draws each button once, and is answered with a tap to its end", async () => {
    const server = new FakeServer();
    const page = await talking(server, kiosk);
    await chooses(page, "breathing_box");
    expect(page.findAll("[data-test=choice-step_next]")).toHaveLength(1);
    await press(page, "choice-step_next");
    expect(page.get("[data-test=exercise]").attributes("data-step")).toBe("breathing_box/rounds");
    expect(page.find("[data-test=pacer]").exists()).toBe(true);
    await press(page, "choice-step_next");
    await press(page, "choice-step_0");
    expect(page.find("[data-test=exercise]").exists()).toBe(false);
    expect(server.heard.map((one) => one.body.choice).filter(Boolean)).toEqual(["list_skills", "breathing_box", "step_next", "step_next", "step_0"]);
  });

  it("takes typed words at any step, and ends when somebody has had enough", async () => {
    const server = new FakeServer();
    const page = await talking(server, kiosk);
    await chooses(page, "breathing_box");
    await page.get("[data-test=say]").setValue("坐好了");
    await page.get("[data-test=composer]").trigger("submit");
    await flushPromises();
    expect(page.get("[data-test=exercise-step]").text()).toContain("第 2 步");
    await press(page, "choice-skill_stop");
    expect(page.find("[data-test=exercise]").exists()).toBe(false);
  });
});

describe("the kiosk", () => {
  it("keeps no safety plan and no moods", async () => {
    const page = await talking(new FakeServer(), true);
    await press(page, "menu");
    expect(page.find("[data-test=menu-together]").exists()).toBe(true);
    expect(page.find("[data-test=menu-plan]").exists()).toBe(false);
    expect(page.find("[data-test=menu-moods]").exists()).toBe(false);
  });

  it("waits three minutes for somebody in the middle of an exercise", () => {
    expect(patience({ attract: false, open: true, view: "chat", exercise: true })).toBe(SLOW_MS);
    expect(patience({ attract: false, open: true, view: "chat" })).toBe(IDLE_MS);
  });
});

describe("the safety plan", () => {
  async function opened(server: FakeServer): Promise<VueWrapper> {
    const page = await talking(server);
    await press(page, "menu");
    await press(page, "menu-plan");
    return page;
  }
  async function write(page: VueWrapper, step: string, words: string): Promise<void> {
    await page.get(`textarea[data-test=plan-${step}]`).setValue(words);
    await page.get(`textarea[data-test=plan-${step}]`).trigger("blur");
    await flushPromises();
  }
  const puts = (server: FakeServer) => server.heard.filter((one) => one.method === "PUT" && one.path.endsWith("/plan"));

  it("empty, offers to write it together", async () => {
    const server = new FakeServer();
    const page = await opened(server);
    expect(page.find("textarea[data-test=plan-reasons]").exists()).toBe(false);
    await press(page, "plan-begin");
    expect(server.heard.at(-1)!.body.choice).toBe("safety_plan");
    expect(page.get("[data-test=exercise]").attributes("data-step")).toBe("safety_plan/warning_signs");
  });

  it("keeps a field when it is left, once, and only what was changed", async () => {
    const server = new FakeServer();
    const page = await opened(server);
    await press(page, "plan-by-hand");
    expect(page.findAll("textarea")).toHaveLength(7);
    await write(page, "by_myself", "下楼走两圈");
    expect(puts(server).map((one) => one.body)).toEqual([{ steps: { by_myself: "下楼走两圈" } }]);
    expect(page.get("[data-test=plan-said-by_myself]").text()).toBe("存好了");
    await page.get("textarea[data-test=plan-by_myself]").trigger("blur");
    await press(page, "plan-back");
    expect(puts(server)).toHaveLength(1);
  });

  it("keeps what was written when nobody answers, says so, and keeps it once somebody does", async () => {
    const server = new FakeServer();
    const page = await opened(server);
    await press(page, "plan-by-hand");
    server.silent = { requests: 1, afterWork: false };
    await write(page, "reasons", "阳台的花");
    expect(page.get("[data-test=trouble-sentence]").text()).toContain("没有丢");
    expect(page.get<HTMLTextAreaElement>("textarea[data-test=plan-reasons]").element.value).toBe("阳台的花");
    await press(page, "trouble-again");
    expect(puts(server).at(-1)!.body).toEqual({ steps: { reasons: "阳台的花" } });
    await press(page, "plan-back");
    expect(puts(server)).toHaveLength(1);
  });

  it("is offered to be looked at when it was written in the chat", async () => {
    const server = new FakeServer();
    const page = await opened(server);
    await press(page, "plan-begin");
    expect(page.find("[data-test=see-plan]").exists()).toBe(false);
    await press(page, "choice-skill_skip");
    await press(page, "choice-skill_skip");
    await press(page, "see-plan");
    expect(page.find("[data-test=plan]").exists()).toBe(true);
  });

  it("stands on its sheet of paper with the telephones beside the fifth step, and in a picture, never in an address", async () => {
    const server = new FakeServer();
    const page = await opened(server);
    await press(page, "plan-by-hand");
    await write(page, "ask_for_help", "姐姐");
    expect(page.get("[data-test=plan-paper]").text()).toMatch(/4\. 可以开口的人姐姐.*5\. 专门帮忙的人和电话12356/s);
    const addresses = vi.spyOn(history, "pushState");
    await press(page, "plan-carry");
    expect(page.findAll("[data-test=qr]")).toHaveLength(1);
    expect(page.html()).not.toMatch(/(href|src)="[^"]*姐姐/);
    expect(addresses).not.toHaveBeenCalled();
  });

  it("goes into as many pictures as it needs, losing nothing", () => {
    const plan: PlanShown = {
      title: "x",
      updated_at: null,
      shared: false,
      steps: ["一", "二", "三"].map((label, at) => ({ id: label, label, words: at === 1 ? "" : "难".repeat(299) + "完" })),
    };
    const pieces = planPieces(plan);
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join("").match(/难/g)!.length - pieces.length).toBe(598);
    expect(pieces[0]).toContain(`（1/${pieces.length}）`);
    for (const piece of pieces) expect(encode(piece, { ecc: "L" }).version).toBeLessThanOrEqual(18);
    expect(planPieces({ ...plan, steps: plan.steps.slice(1, 2) })).toHaveLength(1);
    expect(planText(plan)).not.toContain("2. 二");
  });
});

describe("the moods", () => {
  it("take one tap, in the server's words, and show the week without a count or a reproach", async () => {
    const server = new FakeServer();
    const page = await talking(server);
    await press(page, "menu");
    await press(page, "menu-moods");
    expect([5, 4, 3, 2, 1].map((value) => page.get(`[data-test=mood-${value}]`).text())).toEqual(["挺好", "还可以", "一般", "不太好", "很难受"]);
    await press(page, "mood-2");
    expect(server.heard.at(-1)).toMatchObject({ method: "POST", path: "/api/session/moods", body: { value: 2 } });
    expect(page.get("[data-test=mood-said]").text()).toBe("记下了：不太好");
    const days = page.findAll("[data-test=week] li");
    expect(days).toHaveLength(7);
    expect(days[0]!.text()).toContain("不太好");
    expect(days[1]!.get(".unseen").text()).toBe("这天没有记");
  });

  it("belong to the day of the district, not of the device", () => {
    const days = week([{ at: "2026-03-02T15:59:00Z", value: 1 }, { at: "2026-03-02T16:01:00Z", value: 5 }], new Date("2026-03-03T01:00:00Z"));
    expect(days.map((day) => day.name).slice(0, 3)).toEqual(["今天", "昨天", "星期日"]);
    expect(days.map((day) => day.values).slice(0, 2)).toEqual([[5], [1]]);
  });
});

describe("somebody who comes back to this phone", () => {
  async function comes(answer: string): Promise<{ page: VueWrapper; server: FakeServer }> {
    const server = new FakeServer();
    server.cameBack = true;
    const page = mount(PhoneShell, { props: { api: makeApi(fakeFetch(server)), place: null }, attachTo: document.body });
    await flushPromises();
    await press(page, "start");
    expect(page.get("[data-test=came-back]").text()).toContain("上次在这台手机上聊过的，是您吗？");
    expect(page.find("[data-test=consent-screen]").exists()).toBe(false);
    expect(page.find("[data-test=chat]").exists()).toBe(false);
    await press(page, answer);
    return { page, server };
  }

  it("goes on at once when it is the same person", async () => {
    const { page, server } = await comes("same-person");
    expect(server.heard.at(-1)!.body.choice).toBe("same_person");
    expect(page.find("[data-test=chat]").exists()).toBe(true);
  });

  it("begins anew when it is not", async () => {
    const { page, server } = await comes("not-same-person");
    expect(server.heard.at(-1)!.body.choice).toBe("not_same_person");
    expect(page.find("[data-test=consent-screen]").exists()).toBe(true);
  });
});
