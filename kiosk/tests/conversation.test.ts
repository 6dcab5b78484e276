import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeServer, fakeFetch } from "../dev/fake-server";
import { makeApi } from "../src/api/client";
import { beginConversation, REMIND_MS } from "../src/flow/conversation";
import { PAUSE_MS } from "../src/flow/pacing";
import { pollDelay } from "../src/flow/poll";

const ALL = { chat: true, screening: true, contact: true, share: true };

function phone(door: "phone" | "kiosk" = "phone") {
  const server = new FakeServer();
  const talk = beginConversation(makeApi(fakeFetch(server)), door, "hall");
  return { server, talk, state: talk.state };
}

async function chatting(door: "phone" | "kiosk" = "phone") {
  const all = phone(door);
  await all.talk.arrive();
  await all.talk.start();
  await all.talk.consent(ALL);
  return all;
}

const said = (server: FakeServer, path: string) => server.heard.filter((one) => one.path === path);

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] }));
afterEach(() => void vi.useRealTimers());

describe("arriving", () => {
  it("asks nothing of the server that would begin a conversation", async () => {
    const { server, talk, state } = phone();
    await talk.arrive();
    expect(server.heard.map((one) => one.path)).toEqual(["/api/district", "/api/entrances"]);
    expect(state.step).toBe("first");
  });

  it("goes to the consent and, with it, into the chat", async () => {
    const { talk, state } = phone();
    await talk.start();
    expect(state.step).toBe("consent");
    await talk.consent(ALL);
    expect(state.step).toBe("talk");
    expect(state.bubbles[0]?.text).toContain("程序");
  });

  it("begins the questions at once for who came through that door and agreed to them", async () => {
    const { talk, state } = phone("kiosk");
    await talk.start("screen");
    await talk.consent(ALL);
    expect(state.view).toBe("card");
  });

  it("begins no questions for who did not agree to them", async () => {
    const { server, talk, state } = phone("kiosk");
    await talk.start("screen");
    await talk.consent({ ...ALL, screening: false });
    expect(state.view).toBe("chat");
    expect(said(server, "/api/session/choices")).toHaveLength(0);
  });
});

describe("the network goes away", () => {
  it("keeps what was typed and sends it again under the same client_id, to be heard once", async () => {
    const { server, talk, state } = await chatting();
    server.silent = { requests: 1, afterWork: true };
    await talk.say("我有点难受");
    expect(state.echoes).toMatchObject([{ text: "我有点难受", state: "unsent" }]);
    expect(state.trouble).toMatchObject({ away: true });
    expect(state.trouble?.hotlines.length).toBeGreaterThan(0);

    await talk.tryAgain();
    await vi.advanceTimersByTimeAsync(PAUSE_MS * 3);
    const tries = said(server, "/api/session/messages");
    expect(tries).toHaveLength(2);
    expect(tries[0]?.body.client_id).toBe(tries[1]?.body.client_id);
    expect(state.echoes).toHaveLength(0);
    expect(state.bubbles.filter((one) => one.text === "我有点难受")).toHaveLength(1);
  });

  it("sends an answer again under the same client_id, also when it is tapped again by hand", async () => {
    const { server, talk, state } = await chatting();
    await talk.choose("start_screening");
    server.silent = { requests: 1, afterWork: false };
    await talk.answer(2);
    expect(state.turn?.screening?.item).toBe("q1");
    server.silent = { requests: 1, afterWork: true };
    await talk.answer(2);
    await talk.answer(2);
    const tries = said(server, "/api/session/answers");
    expect(new Set(tries.map((one) => one.body.client_id)).size).toBe(1);
    expect(state.turn?.screening?.item).toBe("q2");
  });

  it("gives a new thing a new client_id", async () => {
    const { server, talk } = await chatting();
    await talk.say("一");
    await talk.say("一");
    const [first, second] = said(server, "/api/session/messages");
    expect(first?.body.client_id).not.toBe(second?.body.client_id);
  });

  it("hands words back to be changed when the server will not take them", async () => {
    const { talk, state } = await chatting();
    await talk.say("长".repeat(5000));
    expect(state.draft).toHaveLength(5000);
    expect(state.trouble).toMatchObject({ away: false, again: null });
    expect(state.trouble?.sentence).toContain("太长");
  });

  it("lets a person change words that did not go out", async () => {
    const { server, talk, state } = await chatting();
    server.silent = { requests: 1, afterWork: false };
    await talk.say("打错了");
    talk.takeBack(state.echoes[0]!.clientId);
    expect(state.draft).toBe("打错了");
    expect(state.echoes).toHaveLength(0);
  });

  it("keeps the draft when the conversation has run out", async () => {
    const { server, talk, state } = await chatting();
    (server as unknown as { sessions: Map<string, unknown> }).sessions.clear();
    await talk.say("还在吗");
    expect(state.trouble?.expired).toBe(true);
    await talk.startOver();
    expect(state.draft).toContain("还在吗");
    expect(state.step).toBe("consent");
  });

  it("still offers telephone numbers when the server never answered at all", async () => {
    const { server, talk, state } = phone();
    server.silent = { requests: 1, afterWork: false };
    await talk.arrive();
    expect(state.away).toBe(true);
    expect(talk.hotlines.value.map((one) => one.number)).toEqual(["12356", "120", "110"]);
  });
});

describe("how bubbles arrive", () => {
  it("shows at most two at once and then pauses", async () => {
    const { talk, state } = await chatting();
    const before = state.bubbles.length;
    await talk.say("请多说几句");
    expect(state.bubbles.length - before).toBe(3); // my own words, and two
    expect(state.arriving).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(PAUSE_MS + 10);
    expect(state.arriving).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(PAUSE_MS + 10);
    expect(state.arriving).toHaveLength(0);
  });
});

describe("an answer about danger", () => {
  it("shows the crisis words first, not the result, and keeps both within reach", async () => {
    const { talk, state } = await chatting();
    await talk.choose("start_screening");
    for (let item = 0; item < 9; item += 1) await talk.answer(1);
    expect(state.turn?.alarm?.code).toBeTruthy();
    expect(state.turn?.contact?.field).toBe("name");
    expect(state.view).toBe("chat");
    expect(state.turn?.result).toBeTruthy();
  });

  it("is followed by asking the server every few seconds, more slowly when nobody looks", async () => {
    const { server, talk, state } = await chatting();
    expect(pollDelay(state.turn, false)).toBeNull();
    await talk.say("我不想活了");
    const reads = () => server.heard.filter((one) => one.method === "GET" && one.path === "/api/session").length;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(reads()).toBeGreaterThanOrEqual(3);
    expect(pollDelay(state.turn, true)!).toBeGreaterThan(pollDelay(state.turn, false)!);
  });
});

describe("calm answers", () => {
  it("end on the result page", async () => {
    const { talk, state } = await chatting();
    await talk.choose("start_screening");
    for (let item = 0; item < 9; item += 1) await talk.answer(0);
    expect(state.view).toBe("result");
  });

  it("may be changed on the way back and go forward again", async () => {
    const { server, talk, state } = await chatting();
    await talk.choose("start_screening");
    for (const value of [1, 2, 3]) await talk.answer(value);
    talk.goBack();
    talk.goBack();
    expect(talk.question.value).toMatchObject({ item: "q2", given: 2 });
    await talk.answer(0);
    expect(talk.question.value).toMatchObject({ item: "q3", given: 3 });
    talk.goOn();
    expect(talk.question.value).toMatchObject({ item: "q4", answered: false });
    expect(said(server, "/api/session/answers").at(-1)?.body).toMatchObject({ item: "q2", value: 0 });
    expect(state.view).toBe("card");
  });

  it("can be typed instead, and the card comes back when asked for", async () => {
    const { talk, state } = await chatting();
    await talk.choose("start_screening");
    talk.answerByTyping();
    await talk.say("几乎每天");
    expect(state.turn?.screening?.item).toBe("q2");
    expect(state.view).toBe("chat");
    talk.backToQuestion();
    expect(state.view).toBe("card");
    expect(state.introduced).toBe(state.turn?.screening?.administration);
  });
});

describe("leaving", () => {
  it("takes effect on the screen at once, even when the network is away, and nothing comes back", async () => {
    const { server, talk, state } = await chatting();
    server.silent = { requests: 5, afterWork: false };
    const late = talk.say("这是秘密");
    const left = talk.leave();
    expect(state.step).toBe("ended");
    await Promise.all([late, left]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(JSON.stringify(state)).not.toContain("秘密");
    expect(state.step).toBe("ended");
    expect(state.bubbles).toHaveLength(0);
  });

  it("lets no late answer bring the words back", async () => {
    const { server, talk, state } = await chatting();
    const late = talk.say("这是秘密");
    while (!said(server, "/api/session/messages").length) await Promise.resolve();
    await talk.leave();
    await late;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.step).toBe("ended");
    expect(JSON.stringify(state)).not.toContain("秘密");
  });

  it("works as a word too", async () => {
    const { talk, state } = await chatting();
    await talk.say("退出");
    expect(state.step).toBe("ended");
  });

  it("says after erasing what is still kept", async () => {
    const { talk, state } = await chatting();
    await talk.say("不想活了");
    await talk.erase();
    expect(state.farewell?.erased?.kept).toHaveLength(1);
    expect(state.bubbles).toHaveLength(0);
  });

  it("asks by itself whether to go on with a question that was left open, but never before a safety question", async () => {
    const { server, talk, state } = await chatting();
    server.asksToResume = false;
    await talk.choose("start_screening");
    await talk.answer(1);
    talk.drop();
    await talk.start();
    expect(state.cameBack).toBe(true);
    expect(state.view).toBe("chat");
    talk.backToQuestion();
    expect(state.cameBack).toBe(false);
    expect(state.view).toBe("card");
    await talk.say("我不想活了");
    talk.drop();
    await talk.start();
    expect(state.turn?.alarm).toBeTruthy();
    expect(state.cameBack).toBe(false);
  });

  it("resumes on the same phone within the day", async () => {
    const { talk, state } = await chatting();
    await talk.choose("start_screening");
    await talk.answer(1);
    talk.drop();
    await talk.start();
    expect(state.turn?.resume).toContain("第 2 题");
    expect(state.view).toBe("chat");
    await talk.choose("not_now");
    expect(state.resumeAside).toBe(true);
    await talk.choose("continue_screening");
    expect(state.view).toBe("card");
    expect(state.resumeAside).toBe(false);
  });
});

describe("two hours of talking", () => {
  it("brings a reminder to rest, and again after two more", async () => {
    const { talk, state } = await chatting();
    await vi.advanceTimersByTimeAsync(REMIND_MS - 1000);
    expect(state.pauseOffered).toBe(false);
    await vi.advanceTimersByTimeAsync(2000);
    expect(state.pauseOffered).toBe(true);
    talk.goOnTalking();
    expect(state.pauseOffered).toBe(false);
    await vi.advanceTimersByTimeAsync(REMIND_MS + 1000);
    expect(state.pauseOffered).toBe(true);
  });
});

describe("what stays on the device", () => {
  it("is nothing", async () => {
    const { talk } = await chatting();
    await talk.say("我叫余大姐，住江南大道");
    await talk.choose("start_screening");
    await talk.answer(3);
    expect(localStorage.length).toBe(0);
    expect(sessionStorage.length).toBe(0);
    expect(document.cookie).toBe("");
    expect(document.title).not.toContain("余");
    expect(location.href).not.toContain("余");
  });
});
