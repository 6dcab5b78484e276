/**
 * A small server in memory, for looking at the pages and for their tests. It is never part of the build.
 * It speaks the same shapes as the real one and knows just enough of the story to walk through every page.
 * Its questions are samples, not an instrument.
 */
import type {
  AlarmShown,
  AnsweredItem,
  ButtonShown,
  ConsentsShown,
  ContactShown,
  DistrictShown,
  HotlineShown,
  MessageShown,
  MoodsShown,
  PlanShown,
  Progress,
  WishTaken,
  ResultShown,
  ScreeningShown,
  SkillShown,
  Turn,
} from "../src/api/client";

export interface Heard {
  method: string;
  path: string;
  body: Record<string, unknown>;
}

const HOTLINES: HotlineShown[] = [
  {
    number: "12356",
    name: "心理援助热线",
    for_what: "心里难受，想找人说说",
    hours: "今天 8:00–次日 2:00",
    open_now: true,
    sentence: "12356 心理援助热线，今天 8:00–次日 2:00，现在有人接",
  },
  {
    number: "0571-0000-0120",
    name: "滨江区心理服务总站",
    for_what: "想约人当面聊",
    hours: "工作日 9:00–17:30",
    open_now: false,
    sentence: "滨江区心理服务总站，工作日 9:00–17:30，现在没人接",
  },
  { number: "120", name: "急救", for_what: "身体有危险", hours: "全天", open_now: true, sentence: "120 急救，全天" },
  { number: "110", name: "报警", for_what: "有人有危险", hours: "全天", open_now: true, sentence: "110 报警，全天" },
];

const OPTIONS = ["完全没有", "有几天", "一半以上的日子", "几乎每天"].map((label, value) => ({ label, value }));
const SAMPLES = [
  "做事情提不起劲，或者觉得没意思",
  "心里低落、难过，或者看不到盼头",
  "睡不着、容易醒，或者睡得太多",
  "觉得累，没有力气",
  "吃不下，或者吃得太多",
  "觉得自己不好，或者让家里人失望",
  "看报纸、看电视时很难静下心来",
  "动作或说话变慢了，或者坐立不安",
  "有过不如不在了的念头",
];
const CONTACT: Array<Pick<ContactShown, "field" | "text" | "hint" | "choices">> = [
  { field: "name", text: "我们怎么称呼您？", hint: "姓什么就行，小名也可以。", choices: [] },
  { field: "phone", text: "打哪个电话能找到您？", hint: "手机或座机都行。", choices: [] },
  { field: "address", text: "您现在住在哪儿？", hint: "写到小区和楼号就够找到您了。", choices: [] },
  { field: "safe_to_call", text: "打电话给您方便吗？", hint: "不方便的话，我们不打。", choices: ["方便", "白天方便", "不方便"] },
  { field: "trusted_person", text: "有没有一个您信得过的人，能陪陪您？", hint: "称呼和电话，写一样也行。", choices: [] },
];

/** Sample exercises: just enough steps for every kind of button and some of the drawings. */
type SampleStep = Pick<SkillShown, "step" | "ask" | "picture"> & { say: string; choices?: string[] };
const EXERCISES: Record<string, { title: string; steps: SampleStep[] }> = {
  breathing_box: {
    title: "数着四下喘口气",
    steps: [
      { step: "settle", say: "先坐稳，脚踩着地。", ask: "next", picture: null },
      { step: "rounds", say: "吸四下，停四下，呼四下，再停四下。", ask: "next", picture: "breath_box" },
      { step: "after", say: "这会儿怎么样？", ask: "choice", picture: null, choices: ["松了一点", "差不多"] },
    ],
  },
  grounding: {
    title: "看看身边",
    steps: [
      { step: "see", say: "找五样看得见的。", ask: "next", picture: "ground_54321" },
      { step: "touch", say: "摸四样东西。", ask: "next", picture: "ground_54321" },
    ],
  },
  safety_plan: {
    title: "难受时怎么办的小卡",
    steps: [
      { step: "warning_signs", say: "有什么苗头？", ask: "text", picture: null },
      { step: "by_myself", say: "自己能做点什么？", ask: "text", picture: null },
    ],
  },
};
const PLAN_STEPS = ["warning_signs", "by_myself", "distract", "ask_for_help", "professionals", "safer_place", "reasons"];
const PLAN_LABELS = ["我的苗头", "我自己能做的", "岔开心思的人和地方", "可以开口的人", "专门帮忙的人和电话", "让身边安全些", "我看重的"];

interface Session {
  door: "phone" | "kiosk";
  place: string | null;
  stage: Turn["stage"];
  consents: ConsentsShown;
  messages: MessageShown[];
  answers: Array<number | null>;
  screening: string | null;
  result: ResultShown | null;
  alarm: AlarmShown | null;
  contact: number | null;
  worker: Turn["worker"];
  workerCalled: boolean;
  resume: string | null;
  seen: Map<string, number>;
  skill: { id: string; at: number } | null;
  plan: Record<string, string>;
  moods: MoodsShown["marks"];
  cameBack: boolean;
}

export class FakeServer {
  readonly heard: Heard[] = [];
  /** How many of the next requests get no answer, and whether the server did the work before going silent. */
  silent: { requests: number; afterWork: boolean } = { requests: 0, afterWork: false };
  demo = true;
  /** Whether somebody is in the hall. */
  staffed = true;
  /** Whether the server itself asks if one wants to go on, or leaves the question open as it stands. */
  asksToResume = true;
  /** Whether somebody talked on this phone before. */
  cameBack = false;
  private sessions = new Map<string, Session>();
  private count = 0;

  constructor(private readonly now: () => Date = () => new Date()) {}

  session(token: string): Session | undefined {
    return this.sessions.get(token);
  }

  /** Every conversation is over, and its cookie opens nothing any more. */
  forget(): void {
    this.sessions.clear();
  }

  /** Answer one request. `token` is the cookie; the new cookie comes back when it changes ("" deletes it). */
  answer(
    method: string,
    address: string,
    body: Record<string, unknown>,
    token: string,
  ): { status: number; body: unknown; token?: string } {
    const url = new URL(address, "http://fake");
    const path = url.pathname;
    if (this.silent.requests > 0 && !this.silent.afterWork) {
      this.silent.requests -= 1;
      throw new Error("silent");
    }
    this.heard.push({ method, path, body });
    const reply = this.route(method, path, url, body, token);
    if (this.silent.requests > 0) {
      this.silent.requests -= 1;
      throw new Error("silent");
    }
    return reply;
  }

  private route(method: string, path: string, url: URL, body: Record<string, unknown>, token: string) {
    if (path === "/api/district") return { status: 200, body: this.district() };
    if (path === "/api/hotlines") return { status: 200, body: HOTLINES };
    if (path.startsWith("/api/progress/")) return this.progress(path, body);
    if (path === "/api/sessions") {
      const old = body.door === "phone" ? this.sessions.get(token) : undefined;
      if (old) {
        if (old.screening && this.asksToResume) old.resume = `上次做到第 ${old.answers.length + 1} 题，接着做吗？`;
        return { status: 201, body: this.turn(old, 0), token };
      }
      const fresh = `token-${++this.count}`;
      const session: Session = {
        door: body.door as Session["door"],
        place: (body.place as string | null) ?? null,
        stage: "consent",
        consents: { chat: false, screening: false, contact: false, share: false },
        messages: [],
        answers: [],
        screening: null,
        result: null,
        alarm: null,
        contact: null,
        worker: null,
        workerCalled: false,
        resume: null,
        seen: new Map(),
        skill: null,
        plan: {},
        moods: [],
        cameBack: this.cameBack && body.door === "phone",
      };
      this.sessions.set(fresh, session);
      return { status: 201, body: this.turn(session, 0), token: fresh };
    }
    const session = this.sessions.get(token);
    if (!session) return { status: 401, body: this.problem("no_session", "上次聊天已经结束了。点「重新开始」，我们再聊。") };
    if (path === "/api/session" && method === "GET") {
      const after = session.messages.findIndex((m) => m.id === url.searchParams.get("after"));
      return { status: 200, body: this.turn(session, after + 1) };
    }
    if (path === "/api/session/leave") {
      session.stage = "ended";
      this.sessions.delete(token);
      return { status: 200, body: this.turn(session, session.messages.length), token: "" };
    }
    if (path === "/api/session/record" && method === "GET") return { status: 200, body: { words: session.messages } };
    if (path === "/api/session/record") {
      this.sessions.delete(token);
      return {
        status: 200,
        body: {
          sentence: "您写过的话、答过的题，都删掉了。",
          kept: session.alarm ? ["浦沿司法所还在找您这件事，办完才会删：留着您的称呼和电话，好找到您。"] : [],
        },
        token: "",
      };
    }
    if (path === "/api/session/plan") {
      if (method === "PUT") Object.assign(session.plan, body.steps);
      return { status: 200, body: this.plan(session) };
    }
    if (path === "/api/session/moods") {
      if (method === "POST") session.moods.push({ at: this.now().toISOString(), value: Number(body.value) });
      return { status: method === "POST" ? 201 : 200, body: this.moods(session) };
    }
    const clientId = body.client_id as string | undefined;
    const before = clientId ? session.seen.get(clientId) : undefined;
    if (before !== undefined) return { status: 200, body: this.turn(session, before) };
    const from = session.messages.length;
    if (clientId) session.seen.set(clientId, from);
    const refused = this.act(session, path, body);
    return refused ?? { status: 200, body: this.turn(session, from) };
  }

  private act(session: Session, path: string, body: Record<string, unknown>) {
    session.resume = null;
    if (path === "/api/session/consents") {
      const first = session.stage === "consent";
      session.consents = body as unknown as ConsentsShown;
      session.stage = session.consents.chat ? "chat" : "consent";
      if (first && session.consents.chat) {
        this.say(session, "您好，我是心桥，一个程序，不是真人。");
        this.say(session, "今天想聊点什么？慢慢说，我听着。", [
          { choice: "start_screening", title: "做个小测试" },
          { choice: "breathing", title: "先放松一下" },
        ]);
      }
      return null;
    }
    if (path === "/api/session/messages") return this.hear(session, String(body.text));
    if (path === "/api/session/choices") return this.choice(session, String(body.choice));
    if (path === "/api/session/answers") return this.record(session, body);
    if (path === "/api/session/contact") {
      if (body.field === "phone" && body.value !== null && !/\d{7}/.test(String(body.value)))
        return { status: 422, body: this.problem("bad_phone", "这个电话好像少了几位，您再看一眼？不想留也可以点「不想说」。") };
      session.contact = session.contact === null || session.contact + 1 >= CONTACT.length ? null : session.contact + 1;
      if (session.contact === null) this.say(session, "好，我都记下了。我还在这儿，您愿意的话我们接着说。");
      return null;
    }
    if (path === "/api/session/person") {
      session.workerCalled = true;
      this.say(session, "我去请人了。等的时候，我还在这儿。");
      return null;
    }
    return { status: 404, body: this.problem("not_found", "没有找到这一页。") };
  }

  private hear(session: Session, text: string) {
    session.messages.push(this.message("resident", text));
    if (text.length > 4000)
      return { status: 422, body: this.problem("too_long", "这段话太长了，分成几段发给我，好吗？") };
    if (/退出/.test(text)) {
      session.stage = "ended";
      return null;
    }
    if (/不想活|活着没意思/.test(text)) {
      this.danger(session);
      return null;
    }
    if (session.skill) {
      if (session.skill.id === "safety_plan") session.plan[PLAN_STEPS[session.skill.at]!] = text;
      this.moveSkill(session, 1);
    } else if (/真人/.test(text)) this.join(session);
    else if (session.screening) {
      const given = OPTIONS.findIndex((option) => text.includes(option.label));
      if (given >= 0) {
        session.answers.push(given);
        this.nextItem(session);
      } else this.say(session, "我没听明白，可以换个说法，或点下面的按钮。");
    } else if (/多说几句/.test(text)) {
      for (const line of ["第一句。", "第二句。", "第三句。", "第四句。", "第五句。"]) this.say(session, line);
    } else {
      this.say(session, "听起来这阵子您挺累的，一个人撑着不容易。");
      this.say(session, "最让您放不下的，是哪一件事？", [
        { choice: "breathing", title: "先喘口气" },
        { choice: "start_screening", title: "做个小测试" },
      ]);
    }
    return null;
  }

  private choice(session: Session, choice: string) {
    if (choice === "start_screening" || choice === "continue_screening") {
      if (!session.screening) {
        session.screening = "11111111-1111-4111-8111-111111111111";
        session.answers = [];
      }
      this.nextItem(session);
    } else if (choice === "pause_screening" || choice === "not_now") {
      this.say(session, "好，先停在这儿。答过的都留着，想接着做随时说。", [
        { choice: "continue_screening", title: "接着做" },
      ]);
    } else if (choice === "same_person" || choice === "not_same_person") {
      session.cameBack = false;
      if (choice === "same_person") {
        session.consents = { chat: true, screening: true, contact: false, share: false };
        session.stage = "chat";
        this.say(session, "又见面了。我是程序，不是真人。");
      }
    } else if (choice in EXERCISES) {
      session.skill = { id: choice, at: -1 };
      this.moveSkill(session, 1);
    } else if (choice === "list_skills") {
      this.say(session, "挑一个顺眼的。", [
        { choice: "breathing_box", title: "数着喘口气" },
        { choice: "grounding", title: "看看身边" },
      ]);
    } else if (choice === "skill_stop") {
      session.skill = null;
      this.say(session, "好，先放着。");
    } else if (choice === "skill_back") this.moveSkill(session, -1);
    else if (choice === "skill_skip" || choice.startsWith("step_")) this.moveSkill(session, 1);
    else if (choice === "breathing") {
      const message = this.message("program", "跟着圆圈，慢慢吸气，慢慢呼气。");
      session.messages.push({ ...message, kind: "exercise", exercise: "breathing" });
    } else if (choice === "leave") session.stage = "ended";
    else this.say(session, "好的。");
    return null;
  }

  private moveSkill(session: Session, by: number): void {
    const running = session.skill;
    if (!running) return;
    running.at += by;
    const step = EXERCISES[running.id]!.steps[running.at];
    if (!step) {
      session.skill = null;
      return this.say(session, "做完了。");
    }
    this.say(session, step.say, this.skill(session)!.buttons);
  }

  private skill(session: Session): SkillShown | null {
    if (!session.skill) return null;
    const { title, steps } = EXERCISES[session.skill.id]!;
    const { say: _, choices, ...step } = steps[session.skill.at]!;
    const titles = step.ask === "next" ? ["好了"] : (choices ?? []);
    return {
      ...step,
      skill: session.skill.id,
      title,
      number: session.skill.at + 1,
      of: steps.length,
      buttons: titles.map((one, at) => ({ title: one, choice: step.ask === "next" ? "step_next" : `step_${at}` })),
    };
  }

  private plan(session: Session): PlanShown {
    return {
      title: "难受时怎么办的小卡",
      steps: PLAN_STEPS.map((id, at) => ({ id, label: PLAN_LABELS[at]!, words: session.plan[id] ?? "" })),
      updated_at: Object.keys(session.plan).length ? this.now().toISOString() : null,
      shared: false,
    };
  }

  private moods(session: Session): MoodsShown {
    const names = ["很难受", "不太好", "一般", "还可以", "挺好"];
    return { names, marks: session.moods, words: session.moods.length ? "这周记过几次。" : "这周还没有记过。" };
  }

  private record(session: Session, body: Record<string, unknown>) {
    const index = Number(String(body.item).slice(1)) - 1;
    if (body.administration !== session.screening || index > session.answers.length)
      return { status: 409, body: this.problem("stale", "这份小测试已经变了，我们从现在这一题接着来。") };
    session.answers[index] = body.value as number | null;
    if (index === SAMPLES.length - 1 && Number(body.value) > 0) this.danger(session);
    if (session.answers.length >= SAMPLES.length) {
      session.screening = null;
      session.result = this.result(session);
    } else this.nextItem(session);
    return null;
  }

  private nextItem(session: Session): void {
    if (session.answers.length >= SAMPLES.length) {
      session.screening = null;
      session.result = this.result(session);
      return;
    }
    const number = session.answers.length + 1;
    const message = this.message("program", `过去两周，${SAMPLES[number - 1]}？\n${OPTIONS.map((o) => o.label).join(" / ")}`);
    session.messages.push({ ...message, kind: "item" });
  }

  private danger(session: Session): void {
    if (session.alarm) return;
    session.alarm = {
      sentence: "您说的这件事关系到生命安全，我已请浦沿司法所的工作人员联系您。",
      code: "B-7K4M-2Q",
      office: "浦沿司法所",
      respond_by: new Date(this.now().getTime() + 15 * 60_000).toISOString(),
      hotlines: HOTLINES,
    };
    session.contact = 0;
    session.workerCalled = true;
    for (const text of ["我听到了，谢谢您愿意说出来。这段时间您一定很难。", "现在身边有人吗？我还在这儿。"])
      session.messages.push({ ...this.message("program", text), kind: "danger" });
  }

  private join(session: Session): void {
    session.worker = { role: "社工", name: "小周" };
    session.messages.push({ ...this.message("worker", "您好，我是浦沿的社工小周，我来陪您聊。"), author_name: "小周" });
  }

  private result(session: Session): ResultShown {
    return {
      thanks: "谢谢您把这些题答完。",
      sentence: "这段时间您挺不容易的，心情和睡眠都受了些影响。",
      level_word: session.alarm ? "建议有人帮忙" : "建议聊聊",
      tonight: ["睡前把手机放到另一间屋。", "跟一个信得过的人说说今天的事。", "睡不着就起来坐一会儿，困了再躺下。"],
      we_do: "三个工作日内，社工会打电话给您。不想接，也可以告诉我。",
      talk_to: "想现在就跟人说话，可以打 12356，或者点「找真人」。",
      details: [
        {
          title: "心情小测试",
          total: session.answers.includes(null) ? null : session.answers.reduce<number>((sum, value) => sum + (value ?? 0), 0),
          out_of: 27,
          words: session.answers.includes(null) ? "有几题没答，所以没有算总分。" : "分数只是个参考，不代表您这个人。",
        },
      ],
      at: this.now().toISOString(),
    };
  }

  private screening(session: Session): ScreeningShown | null {
    if (!session.screening) return null;
    const number = session.answers.length + 1;
    const answered: AnsweredItem[] = session.answers.map((given, index) => ({
      item: `q${index + 1}`,
      number: index + 1,
      text: SAMPLES[index]!,
      options: OPTIONS,
      given,
    }));
    return {
      administration: session.screening,
      instrument: "sample",
      title: "心情小测试",
      intro: "9 道题，约 2 分钟。没有对错，不想答可以跳过，随时能停。",
      timeframe: "过去两周里，下面这件事有多常见？",
      minutes: 2,
      item: `q${number}`,
      number,
      of: SAMPLES.length,
      text: SAMPLES[number - 1]!,
      options: OPTIONS,
      answered,
    };
  }

  private turn(session: Session, from: number): Turn {
    const open = session.contact === null ? null : CONTACT[session.contact]!;
    return {
      stage: session.stage,
      door: session.door,
      place: session.place,
      consents: session.consents,
      messages: session.messages.slice(from),
      screening: this.screening(session),
      result: session.result,
      review: [],
      locked: false,
      contact: open && { ...open, number: session.contact! + 1, of: CONTACT.length, choices: open.choices ?? [] },
      alarm: session.alarm,
      worker: session.worker,
      worker_called: session.workerCalled,
      resume: session.resume,
      reminder: this.reminder,
      skill: this.skill(session),
      came_back: session.cameBack,
      hotlines: HOTLINES,
    };
  }

  private district(): DistrictShown {
    return { demo: this.demo, district: "杭州市滨江区", place: "浦沿街道便民服务大厅", hotlines: HOTLINES, draft_wording: true, words_leave: this.wordsLeave, staffed: this.staffed, staff_hours: "工作日 08:30–12:00、13:30–17:30" };
  }

  /** Whether whoever follows the matter up invites to the questions once more. */
  rescreen = false;
  remindersOff = false;
  /** Whether what is asked under `resume` is to answer once more after some time. */
  reminder = false;
  /** Whether a model outside the building answers in the chat. */
  wordsLeave = false;

  private progress(path: string, wish: Record<string, unknown>) {
    if (path.split("/")[3] !== "B-7K4M-2Q")
      return { status: 404, body: this.problem("no_code", "没有找到这个编号。请对着小票或屏幕，再核对一遍。") };
    if (path.endsWith("/reminders")) this.remindersOff = wish.wanted === false;
    const at = (minutes: number) => new Date(this.now().getTime() + minutes * 60_000).toISOString();
    const body: Progress = {
      code: "B-7K4M-2Q",
      sentence: "浦沿司法所已经接手，正在联系您。",
      office: "浦沿司法所",
      who: "浦沿司法所 · 社工 沈青",
      next: { sentence: "今天 15:30 前会有人和您通话。", due_at: at(12), late: false },
      wishes: [],
      asked: null,
      rescreen: this.rescreen && !this.remindersOff,
      reminders_off: this.remindersOff,
      steps: [
        { name: "收到", done_at: at(-26), due_at: null },
        { name: "有人接手", done_at: at(-18), due_at: at(-11) },
        { name: "打电话给您", done_at: null, due_at: at(12) },
        { name: "上门看看您", done_at: null, due_at: at(200) },
        { name: "过几天再问候", done_at: null, due_at: null },
      ],
      openings: [{ at: at(-17), who: "浦沿司法所 工作人员", what: "看了您留的称呼和电话，为了联系您" }],
      closed: false,
      hotlines: HOTLINES,
    };
    if (!path.endsWith("/wishes")) return { status: 200, body };
    const danger = String(wish.text).includes("不想活");
    body.wishes = [{ at: at(0), what: "您说了什么时候方便" }];
    const taken: WishTaken = {
      sentence: danger ? "我听到了，您现在一定很难。要是眼下有危险，请马上打 120 或 110。" : "记下了，已经转给浦沿司法所。",
      danger,
      hotlines: HOTLINES,
      progress: body,
    };
    return { status: 200, body: taken };
  }

  private say(session: Session, text: string, buttons: ButtonShown[] = []): void {
    session.messages.push({ ...this.message("program", text), buttons });
  }

  private message(author: MessageShown["author"], text: string): MessageShown {
    const id = `00000000-0000-4000-8000-${String(++this.count).padStart(12, "0")}`;
    return { id, author, author_name: null, kind: "text", text, buttons: [], exercise: null, at: this.now().toISOString() };
  }

  private problem(problem: string, sentence: string) {
    return { problem, sentence, hotlines: HOTLINES };
  }
}

/** A `fetch` in front of the fake server, with a cookie jar of its own. */
export function fakeFetch(server: FakeServer): typeof fetch {
  let token = "";
  return async (input, init) => {
    const request = input instanceof Request ? input : new Request(input, init);
    const text = await request.text();
    const reply = server.answer(request.method, request.url, text ? JSON.parse(text) : {}, token);
    if (reply.token !== undefined) token = reply.token;
    return new Response(JSON.stringify(reply.body), {
      status: reply.status,
      headers: { "Content-Type": "application/json" },
    });
  };
}
