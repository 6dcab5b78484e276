/** The server, as the pages see it: typed calls that either answer, are refused with a sentence, or get no answer. */
import createClient, { type ClientOptions } from "openapi-fetch";
import type { components, paths } from "./schema";

type Shapes = components["schemas"];
export type Turn = Shapes["Turn"];
export type MessageShown = Shapes["MessageShown"];
export type ButtonShown = Shapes["ButtonShown"];
export type ScreeningShown = Shapes["ScreeningShown"];
export type AnsweredItem = Shapes["AnsweredItem"];
export type OptionShown = Shapes["OptionShown"];
export type InputShown = Shapes["InputShown"];
export type ReviewedForm = Shapes["ReviewedForm"];
export type EntrancesShown = Shapes["EntrancesShown"];
export type EntranceShown = Shapes["EntranceShown"];
export type Entering = Omit<Shapes["Enter"], "client_id">;
export type CodeGiven = Shapes["CodeGiven"];
export type ResultShown = Shapes["ResultShown"];
export type ContactShown = Shapes["ContactShown"];
export type AlarmShown = Shapes["AlarmShown"];
export type ConsentsShown = Shapes["ConsentsShown"];
export type HotlineShown = Shapes["HotlineShown"];
export type DistrictShown = Shapes["DistrictShown"];
export type Progress = Shapes["ProgressPage"];
export type SkillShown = Shapes["SkillShown"];
export type PlanShown = Shapes["PlanShown"];
export type PlanStepShown = Shapes["PlanStepShown"];
export type MoodsShown = Shapes["MoodsShown"];
export type WishTaken = Shapes["WishTaken"];
export type WishKind = Shapes["Wish"]["kind"];
export type Erased = Shapes["Erased"];
export type ContactField = ContactShown["field"];
export type Door = "phone" | "kiosk";

/** What every refusal carries. The document does not name it, so it is written down here. */
interface Problem {
  problem: string;
  sentence: string;
  hotlines: HotlineShown[];
}

/** The server heard us and said no. `sentence` can be shown as it is. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: string,
    readonly sentence: string,
    readonly hotlines: HotlineShown[],
  ) {
    super(problem);
  }

  /** Whether the same request may succeed later, so that it must keep its client_id. */
  get mayPass(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/** Nobody answered; whether the server heard us is unknown. */
export class Unreachable extends Error {}

export interface Api {
  district(place: string | null): Promise<DistrictShown>;
  hotlines(): Promise<HotlineShown[]>;
  progress(code: string): Promise<Progress>;
  remind(code: string, wanted: boolean): Promise<Progress>;
  howItWent(code: string, answer: number): Promise<Progress>;
  wish(code: string, clientId: string, kind: WishKind, text: string): Promise<WishTaken>;
  open(door: Door, place: string | null): Promise<Turn>;
  read(after: string | null): Promise<Turn>;
  consent(consents: ConsentsShown): Promise<Turn>;
  say(clientId: string, text: string): Promise<Turn>;
  choose(clientId: string, choice: string): Promise<Turn>;
  answer(clientId: string, administration: string, item: string, value: number | null): Promise<Turn>;
  entrances(place: string | null): Promise<EntrancesShown>;
  enter(clientId: string, way: Entering): Promise<Turn>;
  code(): Promise<CodeGiven>;
  redeem(code: string, door: Door): Promise<Turn>;
  unlock(username: string, password: string): Promise<void>;
  contact(clientId: string, field: ContactField, value: string | null): Promise<Turn>;
  callPerson(clientId: string): Promise<Turn>;
  plan(): Promise<PlanShown>;
  keepPlan(steps: Record<string, string>, shared?: boolean): Promise<PlanShown>;
  moods(): Promise<MoodsShown>;
  mark(value: number): Promise<MoodsShown>;
  leave(): Promise<void>;
  erase(): Promise<Erased>;
  record(): Promise<unknown>;
}

type Reply<T> = { data?: T; error?: unknown; response: Response };

const NO_SENTENCE = "刚才这一步没有办成。您写的还在，请稍等再试一次。";

/** Waits for an answer; a server that says nothing for this long counts as away. */
const PATIENCE_MS = 25_000;

async function settled<T>(call: Promise<Reply<T>>): Promise<T> {
  let reply: Reply<T>;
  try {
    reply = await call;
  } catch {
    throw new Unreachable();
  }
  const { data, error, response } = reply;
  if (response.ok) return data as T;
  const body = (error ?? {}) as Partial<Problem>;
  throw new Refused(
    response.status,
    typeof body.problem === "string" ? body.problem : String(response.status),
    typeof body.sentence === "string" ? body.sentence : NO_SENTENCE,
    Array.isArray(body.hotlines) ? body.hotlines : [],
  );
}

/** The real client. `fetch` is an argument so that tests can put a small server of their own behind it. */
export function makeApi(fetch?: ClientOptions["fetch"], patienceMs = PATIENCE_MS): Api {
  const client = createClient<paths>({ baseUrl: globalThis.location?.origin ?? "", credentials: "same-origin", fetch });
  const soon = () => AbortSignal.timeout(patienceMs);
  return {
    district: (place) =>
      settled(client.GET("/api/district", { params: { query: place ? { place } : {} }, signal: soon() })),
    hotlines: () => settled(client.GET("/api/hotlines", { signal: soon() })),
    progress: (code) => settled(client.GET("/api/progress/{code}", { params: { path: { code } }, signal: soon() })),
    remind: (code, wanted) =>
      settled(client.PUT("/api/progress/{code}/reminders", { params: { path: { code } }, body: { wanted }, signal: soon() })),
    howItWent: (code, answer) =>
      settled(client.PUT("/api/progress/{code}/how-it-went", { params: { path: { code } }, body: { answer: answer as 1 | 2 | 3 }, signal: soon() })),
    wish: (code, client_id, kind, text) =>
      settled(
        client.POST("/api/progress/{code}/wishes", {
          params: { path: { code } },
          body: { client_id, kind, text },
          signal: soon(),
        }),
      ),
    open: (door, place) => settled(client.POST("/api/sessions", { body: { door, place }, signal: soon() })),
    read: (after) =>
      settled(client.GET("/api/session", { params: { query: after ? { after } : {} }, signal: soon() })),
    consent: (body) => settled(client.PUT("/api/session/consents", { body, signal: soon() })),
    say: (client_id, text) => settled(client.POST("/api/session/messages", { body: { client_id, text }, signal: soon() })),
    choose: (client_id, choice) =>
      settled(client.POST("/api/session/choices", { body: { client_id, choice }, signal: soon() })),
    answer: (client_id, administration, item, value) =>
      settled(
        client.POST("/api/session/answers", { body: { client_id, administration, item, value }, signal: soon() }),
      ),
    entrances: (place) =>
      settled(client.GET("/api/entrances", { params: { query: place ? { place } : {} }, signal: soon() })),
    enter: (client_id, way) => settled(client.POST("/api/session/entrance", { body: { client_id, ...way }, signal: soon() })),
    code: () => settled(client.POST("/api/session/code", { signal: soon() })),
    redeem: (code, door) => settled(client.POST("/api/sessions/moved", { body: { code, door }, signal: soon() })),
    unlock: async (username, password) => {
      await settled(client.POST("/api/session/unlock", { body: { username, password }, signal: soon() }));
    },
    contact: (client_id, field, value) =>
      settled(client.POST("/api/session/contact", { body: { client_id, field, value }, signal: soon() })),
    callPerson: (client_id) => settled(client.POST("/api/session/person", { body: { client_id }, signal: soon() })),
    plan: () => settled(client.GET("/api/session/plan", { signal: soon() })),
    keepPlan: (steps, shared) => settled(client.PUT("/api/session/plan", { body: { steps, shared }, keepalive: true, signal: soon() })),
    moods: () => settled(client.GET("/api/session/moods", { signal: soon() })),
    mark: (value) => settled(client.POST("/api/session/moods", { body: { value }, signal: soon() })),
    leave: async () => {
      await settled(client.POST("/api/session/leave", { keepalive: true, signal: soon() }));
    },
    erase: () => settled(client.DELETE("/api/session/record", { signal: soon() })),
    record: () => settled(client.GET("/api/session/record", { signal: soon() })),
  };
}
