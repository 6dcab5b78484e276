/**
 * A desk with invented people, in memory, for developing the pages without the server. It keeps to the shapes of
 * the OpenAPI document and to the rules that the pages must show: a held ticket, a close that is refused, a throttle.
 */
import { randomUUID } from "node:crypto";
import type { ChatShown, ClockShown, DeskCallShown, DistrictShown, IdentityShown, Me, TeamShown, TicketDetail, TicketRow, Waiting, WordsShown } from "../src/api/types";

export interface Reply {
  status: number;
  data?: unknown;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LEVELS = ["red", "orange", "yellow", "blue", "green"];
const ME: Me = {
  person: "5f0c2a917be34d68",
  username: "puyan",
  name: "沈小满",
  role: "judicial_officer",
  role_name: "司法所工作人员",
  office: "puyan-sfs",
  office_name: "浦沿司法所",
  demo: true,
  second: "none",
};
const HOTLINES = [
  { number: "12356", name: "心理援助热线", for_what: "想找人说说话", hours: "8:00–次日 2:00", open_now: true, sentence: "12356 心理援助热线，现在有人接" },
  { number: "110", name: "报警", for_what: "有人身危险", hours: "全天", open_now: true, sentence: "110，全天有人接" },
  { number: "120", name: "急救", for_what: "受伤、服药", hours: "全天", open_now: true, sentence: "120，全天有人接" },
];
const problem = (status: number, problem: string, sentence: string, hotlines: unknown[] = []): Reply => ({ status, data: { problem, sentence, hotlines } });

/** What nobody has done yet, at an office with colleagues, neighbours and partners. */
export function quietTeam(level: TicketRow["level"]): TeamShown {
  return {
    acknowledgements: [], acknowledgements_wanted: 1, missing: 1, transfer: null, transfers: [], bounces: 0, must_decide: false, settled: false, attempts: [], reach: null,
    sub_tasks: [], trip: null, longest_trip_minutes: 120, lowering: null, lowerings: [], two_people: false, reopened: 0, wishes: [],
    offices: [{ code: "xixing-sfs", name: "西兴司法所" }, { code: "changhe-sfs", name: "长河司法所" }],
    colleagues: [{ id: "7d1f2f0e-7f0b-4d52-9a34-0f3b6f1c0a11", name: "何建国", role_name: "司法所工作人员" }],
    partners: [{ code: "binwen", name: "滨文社区" }, { code: "xinghai", name: "星海医院心理门诊" }],
    lower_to: level === "red" ? [{ code: "orange", name: "橙色" }] : level === "orange" ? [{ code: "yellow", name: "黄色" }] : [],
    outcomes: [{ code: "supported", name: "已经稳下来" }, { code: "referred", name: "已转给专业的人" }, { code: "declined_help", name: "本人不需要帮助" }],
    new_level_wanted: level === "red", ladder_hours: [24, 72, 168, 720, 2160],
  };
}

interface Kept {
  detail: TicketDetail;
  identity: IdentityShown;
  words: WordsShown[];
  chat: ChatShown;
}

export class FakeDesk {
  private loggedIn = false;
  private wrong = 0;
  private tickets = new Map<string, Kept>();
  private seen = new Set<string>();
  private calls: DeskCallShown[];
  private redBar: string | null = null;

  constructor(start: Date) {
    const at = (ms: number): string => new Date(start.getTime() + ms).toISOString();
    this.calls = [{ id: randomUUID(), place: "西兴大厅", at: at(-2 * MINUTE), answered_by: null, unasked: false }];
    this.put(start, "B7K4-M2QX-9", "red", "余*红", "浦沿街道 · 滨文社区", { acknowledge: 12 * MINUTE, contact: 27 * MINUTE, speak: HOUR, visit: 4 * HOUR }, { wanted: true });
    this.put(start, "C3TP-8WHN-2", "red", "钱*生", "浦沿街道 · 东冠社区", { acknowledge: -95 * MINUTE, contact: -80 * MINUTE, speak: -25 * MINUTE, visit: 2.4 * HOUR }, { mine: true });
    this.put(start, "D9RA-5JYE-7", "orange", "周*", "浦沿街道 · 联庄社区", { acknowledge: 71 * MINUTE, speak: 6 * HOUR, visit: 23 * HOUR });
    this.put(start, "F2MK-6CVD-4", "orange", "没有留名字", "浦沿街道 · 办事大厅自助机", { acknowledge: -3 * HOUR, speak: 2 * HOUR, visit: 17 * HOUR }, { holder: "何建国" });
    this.put(start, "H8XN-3RTW-1", "orange", "郑*梅", "浦沿街道 · 之江社区", { acknowledge: -26 * HOUR, speak: -22 * HOUR, follow_up: 20 * HOUR }, { mine: true });
    this.team(at);
    this.put(start, "K5JD-7PQA-6", "yellow", "孙*", "浦沿街道 · 冠一社区", { contact: 2.6 * 24 * HOUR });
  }

  /** What several people owe each other: a trip, a ticket offered to us, a level to confirm, somebody who is not found. */
  private team(at: (ms: number) => string): void {
    const of = (code: string): TicketDetail => (this.tickets.get(code) as Kept).detail;
    const out = of("C3TP-8WHN-2");
    out.team.trip = { name: ME.name, companion: "何建国", set_out_at: at(-22 * MINUTE), arrived_at: null, back_by: at(38 * MINUTE), overdue: false, help_wanted: false, mine: true };
    out.team.two_people = true;
    Object.assign(out.team, { acknowledgements_wanted: 2, missing: 1, acknowledgements: [{ name: ME.name, at: at(-80 * MINUTE), mine: true }] });
    const offered = of("D9RA-5JYE-7");
    offered.team.transfer = { from_office: "xixing-sfs", from_name: "西兴司法所", to_office: ME.office, to_office_name: ME.office_name, to_name: null, reason: "电话里核对过，本人上个月搬到了浦沿联庄社区。", asked_by: "林一", asked_at: at(-8 * MINUTE), answer_by: at(22 * MINUTE), late: false, answer: null, answer_word: "等回复", answered_by: null, answered_at: null, answer_reason: null, for_me: true };
    const lost = of("F2MK-6CVD-4");
    lost.team.attempts = [{ way: "phone", way_word: "打电话", reached: false, at: at(-150 * MINUTE), by: "何建国" }, { way: "door", way_word: "上门", reached: false, at: at(-70 * MINUTE), by: "何建国" }];
    lost.team.reach = { what: "try", sentence: "再试一次，换一种方式：发条短信，或者请楼下的人捎句话。", ways: ["message", "phone"], due_at: at(50 * MINUTE), late: false };
    lost.team.lowering = { from_level: "orange", to_level: "yellow", to_word: "黄色", reason: "当面谈过，女儿陪着，药已收好，明天去看门诊。", asked_by: "何建国", asked_at: at(-15 * MINUTE), decided_by: null, decided_at: null, confirmed: null };
    const followed = of("H8XN-3RTW-1");
    followed.team.sub_tasks = [{ task: "H8XN-3RTW-1/1", partner: "binwen", partner_name: "滨文社区", what: "去看看人好不好", ask: "今天傍晚去敲个门，看看灯亮不亮，和她女儿打个招呼。", with_name: false, asked_by: ME.name, asked_at: at(-3 * HOUR), due_at: at(2 * HOUR), state: "accepted", state_word: "已接下", late: false, result: null, ended_by: null, ended_at: null }];
    followed.team.wishes = [{ at: at(-50 * MINUTE), kind: "time", kind_word: "想改时间", text: "明天上午要去复查，下午三点以后方便。" }];
  }

  private put(start: Date, code: string, level: TicketRow["level"], resident: string, place: string, due: Partial<Record<ClockShown["name"], number>>, more: { mine?: boolean; holder?: string; wanted?: boolean } = {}): void {
    const at = (ms: number): string => new Date(start.getTime() + ms).toISOString();
    const labels: Record<string, string> = { acknowledge: "签收", contact: "首次联系", speak: "通上话", visit: "上门", follow_up: "随访" };
    const holder = more.mine ? ME.name : (more.holder ?? null);
    const clocks = (Object.entries(due) as [ClockShown["name"], number][]).map(([name, ms]): ClockShown => {
      const done = holder !== null && (name === "acknowledge" || (name === "contact" && ms < 0) || (code.startsWith("H8") && name === "speak"));
      const keptLate = code.startsWith("C3") && name === "contact";
      return { name, label: labels[name] ?? name, due_at: at(ms), stopped_at: done ? at(ms + (keptLate ? 9 : -4) * MINUTE) : null, state: done ? (keptLate ? "kept_late" : "kept") : ms < 0 ? "late" : "running", why: name === "visit" ? ["从本人说那句话算起，4 小时，白天黑夜都算。"] : [] };
    });
    const entry = (ms: number, kind: string, who: string, text: string, note: string | null = null): TicketDetail["timeline"][number] => ({ id: randomUUID(), at: at(ms), kind, who, text, note });
    const opened = Math.min(-3 * MINUTE, ...Object.values(due).map((ms) => ms - 15 * MINUTE));
    const ticket: TicketRow = {
      code, kind: "home_visit", kind_word: "上门走访", level, level_word: { red: "红色", orange: "橙色", yellow: "黄色", blue: "蓝色", green: "绿色" }[level], state: holder ? "accepted" : "requested", state_word: holder ? "已签收" : "待签收",
      resident, place, office: ME.office, office_name: ME.office_name, holder, mine: more.mine ?? false, opened_at: at(opened), next_clock: clocks.find((clock) => !clock.stopped_at) ?? null, worker_wanted_in_chat: more.wanted ?? false, drill: false,
    };
    const masked: IdentityShown = { opened: false, name: resident, phone: "138****0142", address: "浦沿街道 ****", address_state: "stated", safe_to_call: "白天可以打，晚上不方便", trusted_person: null };
    const detail: TicketDetail = {
      ticket, clocks, identity: masked,
      reasons: [
        { rule: "phq9.item9", sentence: "关于“不想活”的那一题，回答不是“完全没有”。", items: ["9"], at: at(opened), level: "orange" },
        ...(level === "red" ? [{ rule: "asq.5", sentence: "被问到现在有没有结束生命的想法，回答“有”。", items: ["5"], at: at(opened + MINUTE), level: "red" as const }] : []),
        { rule: "phq9.total", sentence: "近两周情绪低落的分数在高的一段。", items: [], at: at(opened), level: "orange" },
      ],
      routing: "按本人说的地址，属于浦沿街道滨文社区，由浦沿司法所负责。", basis: level === "red" ? "生命可能有危险，按紧急情况处理，由规则认定，待工作人员确认。" : "本人同意转给街道司法所。",
      consents: { chat: true, screening: true, contact: true, share: level !== "red" },
      timeline: [
        entry(opened - 9 * MINUTE, "screening", "本人", "扫码进来，开始做情绪筛查"),
        entry(opened, "opened", "系统", `工单打开，等级${level === "red" ? "红" : "橙"}，分给浦沿司法所`),
        entry(opened + 20_000, "notice", "系统", "已通知值班人员，对方已收到"),
        ...(holder ? [entry(opened + 8 * MINUTE, "acknowledged", holder, "签收了工单")] : []),
        ...(code.startsWith("H8") ? [entry(opened + 40 * MINUTE, "call", holder ?? "", "打电话：通上话了，需要上门", "女儿在身边，明天上午在家。"), entry(opened + 3 * HOUR, "visit", holder ?? "", "上门：见到本人，家人在场；身体有病、亲人去世", "父亲上月去世，自己在等复查结果。愿意见咨询师。")] : []),
      ],
      follow_ups: code.startsWith("H8") ? [{ id: randomUUID(), due_at: at(20 * HOUR), label: "24 小时随访", done_at: null, outcome: null, late: false, invite: false }, { id: randomUUID(), due_at: at(7 * 24 * HOUR), label: "7 天随访", done_at: null, outcome: null, late: false, invite: true }] : [],
      next_step: "acknowledge", actions: [], close_needs: [], words_kept: 2, chat_open: more.wanted ?? false, chat_mine: false, team: quietTeam(level),
    };
    this.tickets.set(code, {
      detail,
      identity: { opened: true, name: resident.replace("*", "小"), phone: "138-0000-0142", address: "浦沿街道滨文社区 演示苑 3 幢 502", address_state: "stated", safe_to_call: "白天可以打，晚上不方便", trusted_person: "女儿，0571-0000-0118" },
      words: [
        { at: at(opened - 4 * MINUTE), text: "我爸上个月走了，我自己又查出来肺上有东西", spans: [] },
        { at: at(opened), text: "😞夜里一个人坐着，觉得活着没意思了", spans: [[10, 17]] },
      ],
      chat: { messages: [], mine: false },
    });
    this.settle(code);
  }

  /** What comes next, from what has happened. */
  private settle(code: string): void {
    const kept = this.tickets.get(code);
    if (!kept) return;
    const { detail } = kept;
    const kinds = detail.timeline.map((one) => one.kind);
    const held = detail.ticket.holder !== null;
    const done = detail.ticket.state === "completed";
    detail.close_needs = [...(kinds.includes("visit") ? [] : ["还没有见到本人：请先上门并记下来。"]), ...(detail.follow_ups.length === 0 ? ["还没有安排随访。"] : detail.follow_ups.some((one) => !one.done_at) ? ["还有随访没有做完。"] : [])];
    detail.next_step = done ? "none" : !held ? "acknowledge" : !kinds.includes("call") ? "call" : !kinds.includes("visit") ? "visit" : detail.follow_ups.length === 0 ? "plan_follow_up" : detail.follow_ups.some((one) => !one.done_at) ? "follow_up" : "close";
    detail.actions = done ? [] : held ? ["call", "visit", "refer", "plan_follow_up", ...(detail.follow_ups.length ? (["follow_up"] as const) : []), "close", "attempt", "set_out", "sub_task", "hand_over", "transfer", "to_district", ...(detail.team.lowering ? [] : (["lower"] as const)), ...(detail.team.trip ? (["arrived", "back"] as const) : [])] : ["acknowledge"];
    if (detail.team.transfer?.for_me) detail.actions.push("answer_transfer");
    if (detail.team.lowering && detail.team.lowering.asked_by !== ME.name) detail.actions.push("answer_lowering");
    detail.ticket.next_clock = detail.clocks.find((clock) => !clock.stopped_at && clock.state !== "stopped") ?? null;
  }

  private note(kept: Kept, kind: string, text: string, note: unknown): void {
    kept.detail.timeline.push({ id: randomUUID(), at: new Date().toISOString(), kind, who: ME.name, text, note: typeof note === "string" && note ? note : null });
  }

  private stop(kept: Kept, ...names: ClockShown["name"][]): void {
    const now = new Date().toISOString();
    for (const clock of kept.detail.clocks) {
      if (!names.includes(clock.name) || clock.stopped_at) continue;
      clock.stopped_at = now;
      clock.state = clock.due_at < now ? "kept_late" : "kept";
    }
  }

  private waiting(): Waiting {
    const all = [...this.tickets.values()].map((kept) => kept.detail);
    const head = ({ ticket }: TicketDetail): { code: string; level: TicketRow["level"]; level_word: string; place: string } => ({ code: ticket.code, level: ticket.level, level_word: ticket.level_word, place: ticket.place });
    return {
      now: new Date().toISOString(),
      transfers: all.flatMap((one) => (one.team.transfer?.for_me ? [{ ...head(one), from_name: one.team.transfer.from_name, to_name: null, answer_by: one.team.transfer.answer_by, late: false }] : [])),
      lowerings: all.flatMap((one) => (one.team.lowering ? [{ ...head(one), to_level: one.team.lowering.to_level, to_word: one.team.lowering.to_word, asked_by: one.team.lowering.asked_by, asked_at: one.team.lowering.asked_at }] : [])),
      trips: all.flatMap((one) => (one.team.trip ? [{ code: one.ticket.code, name: one.team.trip.name, companion: one.team.trip.companion, back_by: one.team.trip.back_by, overdue: false, help_wanted: one.team.trip.help_wanted, mine: one.team.trip.mine }] : [])),
      decisions: [],
    };
  }

  private rows(view: string): TicketRow[] {
    const now = Date.now();
    const due = (row: TicketRow): number => (row.next_clock ? Date.parse(row.next_clock.due_at) : Number.MAX_SAFE_INTEGER);
    return [...this.tickets.values()]
      .map((kept) => kept.detail.ticket)
      .filter((row) => (view === "closed") === (row.state === "completed"))
      .filter((row) => view !== "mine" || row.mine)
      .filter((row) => view !== "due" || (due(row) > now && due(row) < now + 2 * HOUR))
      .filter((row) => view !== "overdue" || due(row) < now)
      .filter((row) => view !== "follow_up" || row.next_clock?.name === "follow_up")
      .sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || due(a) - due(b));
  }

  /** Answer one request as the server would. `/api/fake/*` plays events for the photographs. */
  answer(method: string, path: string, query: URLSearchParams, body: Record<string, unknown>): Reply {
    if (path === "/api/district") {
      const district: DistrictShown = { demo: true, words_leave: false, staffed: true, staff_hours: "工作日 08:30–12:00、13:30–17:30", district: "杭州市滨江区（演示）", place: null, hotlines: HOTLINES, draft_wording: true };
      return { status: 200, data: district };
    }
    if (path === "/api/fake/expire") {
      this.loggedIn = false;
      return { status: 204 };
    }
    if (path === "/api/fake/silent") {
      this.redBar = "值班通知 4 分钟没有送出去了，请打电话通知值班人员。";
      return { status: 204 };
    }
    if (path === "/api/fake/new-red") {
      this.put(new Date(), "M6TQ-2ZKB-3", "red", "吴*", "浦沿街道 · 山二社区", { acknowledge: 15 * MINUTE, contact: 30 * MINUTE, speak: HOUR, visit: 4 * HOUR });
      return { status: 204 };
    }
    if (path === "/api/staff/login") {
      if (this.wrong >= 10) return problem(429, "throttled", "试得太多次了，请 15 分钟后再试。急事请打值班电话。");
      if (body.password !== "demo-demo") {
        this.wrong += 1;
        return problem(401, "wrong_login", "用户名或密码不对，请再试一次。");
      }
      this.loggedIn = true;
      return { status: 200, data: ME };
    }
    if (!this.loggedIn) return problem(401, "not_logged_in", "请先登录。");
    if (path === "/api/staff/me") return { status: 200, data: ME };
    if (path === "/api/staff/keeping-key") return { status: 200, data: { id: ME.person, key: btoa("k".repeat(32)) } };
    if (path === "/api/staff/logout") {
      this.loggedIn = false;
      return { status: 204 };
    }
    if (path === "/api/staff/tickets") {
      const counts = Object.fromEntries(["open", "mine", "due", "overdue", "follow_up", "closed"].map((view) => [view, this.rows(view).length]));
      return { status: 200, data: { tickets: this.rows(query.get("view") ?? "open"), counts, now: new Date().toISOString(), red_bar: this.redBar } };
    }
    if (path.startsWith("/api/staff/notices")) return { status: 200, data: { count: 0, notices: [] } };
    if (path === "/api/staff/waiting") return { status: 200, data: this.waiting() };
    if (path === "/api/staff/desk-calls") return { status: 200, data: this.calls };
    if (path.startsWith("/api/staff/desk-calls/")) {
      this.calls = this.calls.map((call) => (path.includes(call.id) ? { ...call, answered_by: ME.name } : call));
      return { status: 200, data: this.calls };
    }
    const [, code = "", deed = "", about = ""] = /^\/api\/staff\/tickets\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path) ?? [];
    const kept = this.tickets.get(code);
    if (!kept) return problem(404, "not_found", "没有找到这张工单，可能已经转给别的所。");
    const reply = this.deed(method, kept, deed, about, body);
    this.settle(code);
    return reply;
  }

  private deed(method: string, kept: Kept, deed: string, about: string, body: Record<string, unknown>): Reply {
    const { detail } = kept;
    const { ticket } = detail;
    const done: Reply = { status: 200, data: detail };
    const id = String(body.client_id ?? "");
    if (id && this.seen.has(id)) return deed === "chat" ? { status: 200, data: kept.chat } : done;
    if (id && deed !== "close") this.seen.add(id);
    switch (deed) {
      case "":
        return done;
      case "acknowledge":
        if (ticket.holder && !ticket.mine) return problem(409, "held", `${ticket.holder}已经签收了这张工单。需要接手请先和他说一声。`);
        Object.assign(ticket, { holder: ME.name, mine: true, state: "accepted", state_word: "已签收" });
        this.stop(kept, "acknowledge");
        this.note(kept, "acknowledged", "签收了工单", null);
        return done;
      case "calls":
        this.stop(kept, "contact", ...(body.outcome === "spoke" ? (["speak"] as const) : []));
        this.note(kept, "call", `打电话：${body.outcome === "spoke" ? "通上话了" : "没有说上话"}`, body.note);
        return done;
      case "visits":
        if (body.outcome === "met") this.stop(kept, "contact", "speak", "visit");
        Object.assign(ticket, { state: "in-progress", state_word: "跟进中" });
        this.note(kept, "visit", body.outcome === "met" ? "上门：见到本人" : "上门：没有见到", body.note);
        return done;
      case "referrals":
        this.note(kept, "referral", "转介给专业的人", body.note);
        return done;
      case "follow-ups":
        if (about) {
          const one = detail.follow_ups.find((follow) => follow.id === about);
          if (one) Object.assign(one, { done_at: new Date().toISOString(), outcome: "好一些了" });
          this.note(kept, "follow_up", "做了一次随访", body.note);
        } else {
          for (const hours of body.after_hours as number[]) {
            detail.follow_ups.push({ id: randomUUID(), due_at: new Date(Date.now() + hours * HOUR).toISOString(), label: hours > 24 ? `${hours / 24} 天随访` : `${hours} 小时随访`, done_at: null, outcome: null, late: false, invite: body.invite === true });
          }
          this.note(kept, "planned", "安排了随访", null);
        }
        return done;
      case "close":
        if (detail.close_needs.length) return problem(409, "not_ready", `还不能结案：${detail.close_needs.join("")}`);
        Object.assign(ticket, { state: "completed", state_word: "已结案" });
        this.note(kept, "closed", "结案", body.note);
        return done;
      case "transfer":
        detail.team.transfer = { from_office: ME.office, from_name: ME.office_name, to_office: String(body.to_office), to_office_name: "西兴司法所", to_name: null, reason: String(body.reason), asked_by: ME.name, asked_at: new Date().toISOString(), answer_by: new Date(Date.now() + 30 * MINUTE).toISOString(), late: false, answer: null, answer_word: "等回复", answered_by: null, answered_at: null, answer_reason: null, for_me: false };
        this.note(kept, "transfer", "请西兴司法所接手", null);
        return done;
      case "lowering":
        detail.team.lowering = { from_level: ticket.level, to_level: "orange", to_word: "橙色", reason: String(body.reason), asked_by: ME.name, asked_at: new Date().toISOString(), decided_by: null, decided_at: null, confirmed: null };
        return done;
      case "trip":
        if (about === "back") detail.team.trip = body.how === "help" && detail.team.trip ? { ...detail.team.trip, help_wanted: true } : null;
        else detail.team.trip = { name: ME.name, companion: (body.companion as string | null) ?? null, set_out_at: new Date().toISOString(), arrived_at: null, back_by: new Date(Date.now() + Number(body.minutes) * MINUTE).toISOString(), overdue: false, help_wanted: false, mine: true };
        return done;
      case "identity":
        this.note(kept, "read", `查看了联系方式，理由：${String(body.reason)}`, null);
        return { status: 200, data: kept.identity };
      case "words":
        this.note(kept, "read", `查看了原话，理由：${String(body.reason)}`, null);
        return { status: 200, data: kept.words };
      case "chat": {
        const { chat } = kept;
        if (about === "messages") {
          chat.messages.push({ id: randomUUID(), author: "worker", author_name: `${ME.role_name} ${ME.name}`, kind: "text", text: String(body.text), buttons: [], exercise: null, at: new Date().toISOString() });
        } else if (method === "POST") {
          chat.mine = body.action === "join";
          detail.chat_mine = chat.mine;
          if (chat.mine && chat.messages.length === 0) {
            chat.messages.push({ id: randomUUID(), author: "program", author_name: null, kind: "text", text: "浦沿司法所的沈小满来了，接下来由她和您说话，我先安静。", buttons: [], exercise: null, at: new Date().toISOString() });
            chat.messages.push({ id: randomUUID(), author: "resident", author_name: null, kind: "text", text: "你是真人吗", buttons: [], exercise: null, at: new Date().toISOString() });
          }
        }
        return { status: 200, data: chat };
      }
      default:
        return problem(404, "not_found", "没有这一页。");
    }
  }
}
