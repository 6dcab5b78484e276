/**
 * One resident's conversation as the page holds it: in memory only, gone with the page.
 *
 * Promises: what a person typed is never lost (a message that did not go out stays visible and is sent again
 * under the same client_id); leaving takes effect on the screen at once, whatever the network does.
 */
import { computed, reactive } from "vue";
import {
  type Api,
  type CodeGiven,
  type ConsentsShown,
  type DistrictShown,
  type Door,
  type Entering,
  type EntrancesShown,
  type Erased,
  type HotlineShown,
  type MessageShown,
  type MoodsShown,
  type PlanShown,
  Refused,
  type ScreeningShown,
  type Turn,
} from "../api/client";
import { newId } from "./ids";
import { nextBubbles, PAUSE_MS } from "./pacing";
import { pollDelay } from "./poll";
import { type At, after, before, cardOpens, questionAt } from "./questionnaire";
import { ALWAYS, AWAY } from "./words";

export type Step = "first" | "consent" | "talk" | "ended";
export type View = "chat" | "card" | "result" | "breathing" | "entrances" | "review" | "moving" | "plan" | "moods";

/** The exercise in which the safety plan is written. */
export const PLAN = "safety_plan";
export type Wish = "talk" | "screen";

/** A resident's own words that the server has not confirmed yet. */
export interface Echo {
  clientId: string;
  text: string;
  state: "sending" | "unsent" | "sent";
}

/** Something went wrong: what to say, whom to call, and how to go on. */
export interface Trouble {
  sentence: string;
  hotlines: HotlineShown[];
  away: boolean;
  again: (() => Promise<void>) | null;
  expired: boolean;
}

export interface Farewell {
  kind: "left" | "erased" | "ended" | "moved";
  erased: Erased | null;
}

export interface State {
  step: Step;
  view: View;
  wish: Wish;
  district: DistrictShown | null;
  entrances: EntrancesShown | null;
  /** The code that takes this conversation to another device, while it is shown. */
  code: CodeGiven | null;
  turn: Turn | null;
  bubbles: MessageShown[];
  arriving: MessageShown[];
  echoes: Echo[];
  busy: boolean;
  draft: string;
  typing: boolean;
  /** Item bubbles that were answered on the card: the chat need not repeat them. */
  tapped: string[];
  at: At;
  introduced: string | null;
  resultSeen: string | null;
  contactAside: boolean;
  /** 「先不做」 or 「先停一停」 was chosen here: going on stays one button, and is not asked again. */
  resumeAside: boolean;
  /** Back on this phone with a question still open: ask once whether to go on. */
  cameBack: boolean;
  /** The safety plan as the server has it, what was written over it and not kept yet, and whether it was just written. */
  plan: PlanShown | null;
  planDrafts: Record<string, string>;
  planWritten: boolean;
  moods: MoodsShown | null;
  trouble: Trouble | null;
  farewell: Farewell | null;
  away: boolean;
  talkingSince: number | null;
  pauseOffered: boolean;
}

export const REMIND_MS = 2 * 3_600_000;
/** How long leaving a kiosk waits for what was said just before. */
export const LAST_WORDS_MS = 8_000;

function blank(): State {
  return {
    step: "first",
    view: "chat",
    wish: "talk",
    district: null,
    entrances: null,
    code: null,
    turn: null,
    bubbles: [],
    arriving: [],
    echoes: [],
    busy: false,
    draft: "",
    typing: false,
    tapped: [],
    at: null,
    introduced: null,
    resultSeen: null,
    contactAside: false,
    resumeAside: false,
    cameBack: false,
    plan: null,
    planDrafts: {},
    planWritten: false,
    moods: null,
    trouble: null,
    farewell: null,
    away: false,
    talkingSince: null,
    pauseOffered: false,
  };
}

export type Conversation = ReturnType<typeof beginConversation>;

export function beginConversation(api: Api, door: Door, place: string | null) {
  const state = reactive<State>(blank());
  const clientIds = new Map<string, string>();
  let line: Promise<unknown> = Promise.resolve();
  let writing: Promise<unknown> = Promise.resolve();
  let pacer: ReturnType<typeof setTimeout> | null = null;
  let poller: ReturnType<typeof setTimeout> | null = null;
  let reminder: ReturnType<typeof setTimeout> | null = null;
  let life = 0; // grows when everything is dropped, so that a late answer cannot bring the words back
  let leaving: number | null = null; // the life whose last words may still go out, though nothing comes back from them
  let lastKnown: string | null = null;

  const hotlines = computed<HotlineShown[]>(() => {
    const known = state.turn?.hotlines.length ? state.turn.hotlines : state.district?.hotlines;
    return known?.length ? known : ALWAYS;
  });
  const screening = computed<ScreeningShown | null>(() => state.turn?.screening ?? null);
  const question = computed(() => (screening.value ? questionAt(screening.value, state.at) : null));
  const live = computed(() => state.step === "talk");

  // --- what the server answered ------------------------------------------------------------------

  function receive(turn: Turn, how: "answer" | "poll" | "return"): void {
    const earlier = state.turn;
    state.away = false;
    state.turn = turn;
    if (turn.stage === "ended") return finish({ kind: "ended", erased: null });
    if (turn.stage === "consent") {
      if (state.step !== "first" || how === "answer") state.step = "consent";
      return;
    }
    if (state.step !== "talk") {
      state.step = "talk";
      startReminder();
    }
    const changed =
      earlier?.screening?.item !== turn.screening?.item ||
      earlier?.screening?.administration !== turn.screening?.administration;
    if (changed) state.at = null;
    if (!turn.screening || earlier?.screening?.administration !== turn.screening.administration) state.typing = false;
    if (earlier?.contact?.field !== turn.contact?.field) state.contactAside = false;
    if (turn.skill?.skill === PLAN) state.planWritten = false;
    else if (earlier?.skill?.skill === PLAN) state.planWritten = true;
    take(turn.messages, how === "return");
    if (how === "return") {
      state.resultSeen = turn.result?.at ?? null;
      if (turn.screening && !turn.resume) state.view = "chat";
      state.cameBack = Boolean(turn.screening) && !turn.resume && !turn.alarm;
    } else if (changed) {
      if (turn.screening) state.view = cardOpens(earlier, turn, state.typing) ? "card" : keep("chat");
      else if (state.view === "card") state.view = "chat";
    }
    const result = turn.result;
    if (how !== "return" && result && result.at !== state.resultSeen && !turn.screening) {
      state.resultSeen = result.at;
      const dangerIsNew = (Boolean(turn.alarm) && !earlier?.alarm) || turn.messages.some((m) => m.kind === "danger");
      // Words of danger are read first, and finding the person comes before looking back at answers.
      if (!dangerIsNew && !turn.contact) state.view = turn.review?.length ? "review" : "result";
    }
    schedulePoll();
  }

  /** An exercise, or something one is writing, is not broken off by something that arrives meanwhile. */
  function keep(view: View): View {
    return ["breathing", "plan", "moods"].includes(state.view) ? state.view : view;
  }

  function take(messages: MessageShown[], atOnce: boolean): void {
    const known = new Set([...state.bubbles, ...state.arriving].map((message) => message.id));
    const fresh = messages.filter((message) => !known.has(message.id));
    const newest = messages.at(-1);
    if (newest) lastKnown = newest.id;
    for (const message of fresh) {
      if (message.author !== "resident") continue;
      // The server may have tidied the words; what was just sent is then the one that came back.
      const same = state.echoes.findIndex((one) => one.text.trim() === message.text.trim());
      const echo = same >= 0 ? same : state.echoes.findIndex((one) => one.state === "sent");
      if (echo >= 0) state.echoes.splice(echo, 1);
    }
    settleEchoes();
    if (atOnce) state.bubbles.push(...fresh);
    else {
      // The person's own words stand at once; only what comes from the other side arrives softly.
      const own = state.arriving.length ? [] : leadingOwn(fresh);
      state.bubbles.push(...own);
      state.arriving.push(...fresh.slice(own.length));
      if (!pacer) letArrive();
    }
  }

  function leadingOwn(messages: MessageShown[]): MessageShown[] {
    const other = messages.findIndex((message) => message.author !== "resident");
    return other < 0 ? messages : messages.slice(0, other);
  }

  /** Words that went out but came back without an id stay where they were said. */
  function settleEchoes(): void {
    for (const echo of state.echoes.filter((one) => one.state === "sent")) {
      state.bubbles.push({
        id: echo.clientId,
        author: "resident",
        author_name: null,
        kind: "text",
        text: echo.text,
        buttons: [],
        exercise: null,
        at: new Date().toISOString(),
      });
    }
    state.echoes = state.echoes.filter((one) => one.state !== "sent");
  }

  function letArrive(): void {
    pacer = null;
    const { now, later } = nextBubbles(state.arriving);
    state.bubbles.push(...now);
    state.arriving = later;
    if (later.length) pacer = setTimeout(letArrive, PAUSE_MS);
  }

  // --- asking the server -------------------------------------------------------------------------

  /** Ask one thing at a time, in the order in which it was asked. True when the server said yes. */
  function ask(again: (() => Promise<void>) | null, call: () => Promise<Turn>): Promise<boolean> {
    const mine = life;
    state.busy = true;
    const asked = line.then(async () => {
      if (mine !== life && mine !== leaving) return false;
      if (mine === life) state.busy = true;
      try {
        const turn = await call();
        if (mine !== life) return false;
        receive(turn, "answer");
        return true;
      } catch (failure) {
        if (mine === life) troubled(failure, again);
        return false;
      } finally {
        if (mine === life) state.busy = false;
      }
    });
    line = asked;
    return asked;
  }

  /** The same thing asked again keeps its client_id until the server has answered for good. */
  async function once(key: string, call: (clientId: string) => Promise<Turn>): Promise<Turn> {
    const clientId = clientIds.get(key) ?? newId();
    clientIds.set(key, clientId);
    try {
      const turn = await call(clientId);
      clientIds.delete(key);
      return turn;
    } catch (failure) {
      if (failure instanceof Refused && !failure.mayPass) clientIds.delete(key);
      throw failure;
    }
  }

  function troubled(failure: unknown, again: (() => Promise<void>) | null): void {
    const refused = failure instanceof Refused ? failure : null;
    if (refused?.problem === "session_moved") return finish({ kind: "moved", erased: null });
    if (refused?.problem === "age_not_said" && state.entrances) {
      state.view = "entrances";
      return;
    }
    state.away = refused === null;
    state.trouble = {
      sentence: refused?.sentence ?? AWAY,
      hotlines: refused?.hotlines.length ? refused.hotlines : hotlines.value,
      away: refused === null,
      again: refused && !refused.mayPass ? null : again,
      expired: refused?.status === 401,
    };
  }

  function schedulePoll(): void {
    if (poller) clearTimeout(poller);
    const wait = pollDelay(state.turn, document.visibilityState === "hidden");
    poller = wait === null ? null : setTimeout(poll, wait);
  }

  async function poll(): Promise<void> {
    const mine = life;
    poller = null;
    if (state.busy) return schedulePoll();
    try {
      const turn = await api.read(lastKnown);
      if (mine === life && !state.busy) receive(turn, "poll");
    } catch (failure) {
      if (mine !== life) return;
      if (failure instanceof Refused && failure.status === 401) return troubled(failure, null);
      state.away = !(failure instanceof Refused);
    }
    if (mine === life) schedulePoll();
  }

  // --- what a person can do ----------------------------------------------------------------------

  /** Learn what the first screen needs, and whether somebody talked here within the last day. */
  async function arrive(): Promise<void> {
    try {
      state.district = await api.district(place);
      state.entrances = await api.entrances(place).catch(() => null);
      state.away = false;
    } catch {
      state.away = true;
    }
  }

  async function start(wish: Wish = "talk"): Promise<void> {
    state.wish = wish;
    if (state.turn && state.turn.stage === "consent") {
      state.step = "consent";
      return;
    }
    await ask(
      () => start(wish),
      async () => {
        const turn = await api.open(door, place);
        if (turn.stage === "chat") receive(turn, "return");
        return turn;
      },
    );
  }

  async function consent(consents: ConsentsShown): Promise<boolean> {
    const wasTalking = state.step === "talk";
    const done = await ask(
      async () => {
        await consent(consents);
      },
      () => api.consent(consents),
    );
    if (done && !wasTalking && state.wish === "screen" && consents.screening && !screening.value) {
      if (state.entrances?.first) state.view = "entrances";
      else await choose("start_screening");
    }
    return done;
  }

  async function say(text: string): Promise<void> {
    if (!text.trim()) return;
    const echo: Echo = { clientId: newId(), text, state: "sending" };
    state.echoes.push(echo);
    await send(echo.clientId);
  }

  async function send(clientId: string): Promise<void> {
    const find = () => state.echoes.find((one) => one.clientId === clientId);
    const echo = find();
    if (!echo) return;
    echo.state = "sending";
    const text = echo.text;
    let refused = false;
    const sent = await ask(
      () => send(clientId),
      async () => {
        try {
          const turn = await api.say(clientId, text);
          const here = find();
          if (here) here.state = "sent";
          return turn;
        } catch (failure) {
          refused = failure instanceof Refused && !failure.mayPass;
          throw failure;
        }
      },
    );
    const left = find();
    if (sent || !left) return;
    if (refused) {
      // The server will not take these words as they are: give them back to be changed.
      state.echoes = state.echoes.filter((one) => one !== left);
      state.draft = state.draft ? `${left.text}\n${state.draft}` : left.text;
    } else left.state = "unsent";
  }

  /** Take words that did not go out back into the input, to change them. */
  function takeBack(clientId: string): void {
    const echo = state.echoes.find((one) => one.clientId === clientId && one.state === "unsent");
    if (!echo) return;
    state.echoes = state.echoes.filter((one) => one !== echo);
    state.draft = state.draft ? `${echo.text}\n${state.draft}` : echo.text;
  }

  async function choose(choice: string): Promise<void> {
    state.cameBack = false;
    if (choice === "continue_screening" || choice === "start_screening") state.typing = state.resumeAside = false;
    if (choice === "not_now" || choice === "pause_screening") state.resumeAside = true;
    const done = await ask(
      () => choose(choice),
      () => once(`choice ${choice}`, (id) => api.choose(id, choice)),
    );
    if (!done) return;
    if ((choice === "continue_screening" || choice === "start_screening") && screening.value) state.view = "card";
    if (choice === "pause_screening" && state.view === "card") state.view = "chat";
  }

  async function answer(value: number | null): Promise<void> {
    const asked = screening.value;
    const shown = question.value;
    if (!asked || !shown) return;
    const at = state.at;
    const drawn = [...state.bubbles, ...state.arriving].filter((one) => one.kind === "item").map((one) => one.id);
    const key = `answer ${asked.administration} ${shown.item} ${value}`;
    const done = await ask(
      () => answer(value),
      () => once(key, (id) => api.answer(id, asked.administration, shown.item, value)),
    );
    if (done) state.tapped.push(...drawn.filter((id) => !state.tapped.includes(id)));
    if (done && at !== null && screening.value?.administration === asked.administration && state.at === at) {
      state.at = after(screening.value, at);
    }
  }

  /** Change an answer from the page on which all of them stand. */
  async function change(administration: string, item: string, value: number | null): Promise<void> {
    await ask(
      () => change(administration, item, value),
      () => once(`answer ${administration} ${item} ${value}`, (id) => api.answer(id, administration, item, value)),
    );
  }

  /** Come in by an entrance: its questions begin at once. */
  async function enter(way: Entering): Promise<boolean> {
    const done = await ask(
      async () => {
        await enter(way);
      },
      () => once(`enter ${way.entrance} ${way.length} ${way.age ?? ""} ${way.guardian ?? ""}`, (id) => api.enter(id, way)),
    );
    if (done && screening.value) {
      state.typing = state.resumeAside = state.cameBack = false;
      state.view = "card";
    }
    return done;
  }

  /** Ask for the code by which this conversation goes on at another device. */
  async function takeCode(): Promise<void> {
    try {
      state.code = await api.code();
      state.view = "moving";
    } catch (failure) {
      troubled(failure, takeCode);
    }
  }

  /** Look whether the conversation has gone to the other device; then nothing of it stays here. */
  async function look(): Promise<void> {
    const mine = life;
    try {
      const turn = await api.read(lastKnown);
      if (mine === life) receive(turn, "poll");
    } catch (failure) {
      if (mine === life && failure instanceof Refused && failure.status === 401) troubled(failure, null);
    }
  }

  function dropCode(): void {
    state.code = null;
    state.view = screening.value ? "card" : "chat";
  }

  /** Go on here with a conversation of another device, at the very question that was open. */
  async function redeem(code: string): Promise<boolean> {
    const done = await ask(null, async () => {
      const turn = await api.redeem(code, door);
      if (turn.stage === "chat") receive(turn, "return");
      return turn;
    });
    if (done && screening.value && !state.turn?.resume) backToQuestion();
    return done;
  }

  /** A request of a page of one's own; null when it was refused or did not arrive, and the reason stands on the page. */
  async function own<T>(again: () => Promise<unknown>, call: () => Promise<T>): Promise<T | null> {
    const mine = life;
    state.busy = true;
    try {
      const got = await call();
      state.away = false;
      return mine === life ? got : null;
    } catch (failure) {
      if (mine === life) troubled(failure, async () => void (await again()));
      return null;
    } finally {
      if (mine === life) state.busy = false;
    }
  }

  /** Read the safety plan; what was written here and not kept yet stays. */
  async function readPlan(): Promise<boolean> {
    const plan = await own(readPlan, () => api.plan());
    if (plan) state.plan = plan;
    return plan !== null;
  }

  /** Keep what was written, one request after the other. A draft is let go only when the server has it. */
  function keepPlan(): Promise<boolean> {
    const kept = writing.then(async () => {
      const steps = { ...state.planDrafts };
      if (!Object.keys(steps).length) return true;
      const plan = await own(keepPlan, () => api.keepPlan(steps));
      if (!plan) return false;
      state.plan = plan;
      for (const [step, words] of Object.entries(steps)) if (state.planDrafts[step] === words) delete state.planDrafts[step];
      return true;
    });
    writing = kept;
    return kept;
  }

  /** Say whether those who see to one's matter may have the plan; what stands in the fields is kept first. */
  async function sharePlan(shared: boolean): Promise<boolean> {
    await keepPlan();
    const plan = await own(() => sharePlan(shared), () => api.keepPlan({}, shared));
    if (plan) state.plan = plan;
    return plan !== null;
  }

  async function readMoods(): Promise<boolean> {
    const moods = await own(readMoods, () => api.moods());
    if (moods) state.moods = moods;
    return moods !== null;
  }

  async function mark(value: number): Promise<boolean> {
    const moods = await own(() => mark(value), () => api.mark(value));
    if (moods) state.moods = moods;
    return moods !== null;
  }

  /** Leave an own page for the chat, and perhaps say there what one wants. */
  async function toChat(choice?: string): Promise<void> {
    state.view = "chat";
    if (choice) await choose(choice);
  }

  /** The worker takes a lent phone back. */
  async function unlock(username: string, password: string): Promise<boolean> {
    try {
      await api.unlock(username, password);
    } catch (failure) {
      troubled(failure, null);
      return false;
    }
    finish({ kind: "left", erased: null });
    return true;
  }

  function goBack(): void {
    if (screening.value) state.at = before(screening.value, state.at);
  }

  function goOn(): void {
    if (screening.value) state.at = after(screening.value, state.at);
  }

  function answerByTyping(): void {
    state.typing = true;
    state.at = null;
    state.view = "chat";
  }

  function backToQuestion(): void {
    state.typing = state.cameBack = false;
    state.at = null;
    // What led here was said in the chat: no second introduction, least of all before a safety question.
    state.introduced = screening.value?.administration ?? null;
    state.view = "card";
  }

  async function contact(value: string | null): Promise<boolean> {
    const field = state.turn?.contact?.field;
    if (!field) return false;
    return ask(
      async () => {
        await contact(value);
      },
      () => once(`contact ${field} ${value}`, (id) => api.contact(id, field, value)),
    );
  }

  async function callPerson(): Promise<boolean> {
    return ask(
      async () => {
        await callPerson();
      },
      async () => {
        // At the kiosk somebody may call before a conversation has begun.
        if (!state.turn) state.turn = await api.open(door, place);
        return once("person", (id) => api.callPerson(id));
      },
    );
  }

  /** Leave at once: the screen first, the server as soon as it can be reached. */
  async function leave(): Promise<boolean> {
    const kiosk = door === "kiosk";
    const open = state.turn !== null || (kiosk && (state.busy || ["moved", "ended"].includes(state.farewell?.kind ?? "")));
    const said = line;
    leaving = kiosk ? life : null;
    finish({ kind: "left", erased: null });
    if (!open) return true;
    // At a kiosk the page goes on living: what was given before leaving is sent, so that it counts, and then no more.
    if (kiosk) await Promise.race([said, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
    leaving = null;
    try {
      await api.leave();
      return true;
    } catch (failure) {
      return failure instanceof Refused && !failure.mayPass;
    }
  }

  async function erase(): Promise<void> {
    const mine = life;
    state.busy = true;
    try {
      const erased = await api.erase();
      if (mine === life) finish({ kind: "erased", erased });
    } catch (failure) {
      if (mine === life) troubled(failure, erase);
    } finally {
      if (mine === life) state.busy = false;
    }
  }

  async function record(): Promise<string | null> {
    try {
      return JSON.stringify(await api.record(), null, 2);
    } catch (failure) {
      troubled(failure, null);
      return null;
    }
  }

  /** Begin anew after the server has forgotten us; what was being typed is kept. */
  async function startOver(): Promise<void> {
    const draft = [...state.echoes.map((one) => one.text), state.draft].filter(Boolean).join("\n");
    const { district, planDrafts } = state;
    drop();
    state.district = district;
    state.draft = draft;
    state.planDrafts = planDrafts;
    await start();
  }

  function dismissTrouble(): void {
    state.trouble = null;
  }

  async function tryAgain(): Promise<void> {
    const again = state.trouble?.again;
    state.trouble = null;
    await again?.();
  }

  function startReminder(): void {
    state.talkingSince = Date.now();
    if (reminder) clearTimeout(reminder);
    reminder = setTimeout(() => {
      state.pauseOffered = true;
    }, REMIND_MS);
  }

  /** 「接着聊」: ask again after another two hours. */
  function goOnTalking(): void {
    state.pauseOffered = false;
    startReminder();
  }

  function finish(farewell: Farewell): void {
    const { district, entrances } = state;
    drop();
    state.district = district;
    state.entrances = entrances;
    state.step = "ended";
    state.farewell = farewell;
  }

  /** Forget everything that this page knows about the person. */
  function drop(): void {
    life += 1;
    for (const timer of [pacer, poller, reminder]) if (timer) clearTimeout(timer);
    pacer = poller = reminder = null;
    line = writing = Promise.resolve();
    lastKnown = null;
    clientIds.clear();
    Object.assign(state, blank());
  }

  return {
    state,
    hotlines,
    screening,
    question,
    live,
    door,
    place,
    arrive,
    start,
    consent,
    say,
    send,
    takeBack,
    choose,
    answer,
    change,
    enter,
    takeCode,
    look,
    dropCode,
    redeem,
    unlock,
    readPlan,
    keepPlan,
    sharePlan,
    readMoods,
    mark,
    toChat,
    goBack,
    goOn,
    answerByTyping,
    backToQuestion,
    contact,
    callPerson,
    leave,
    erase,
    record,
    startOver,
    dismissTrouble,
    tryAgain,
    goOnTalking,
    drop,
    schedulePoll,
  };
}
