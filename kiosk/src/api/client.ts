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
export type ResultShown = Shapes["ResultShown"];
export type ContactShown = Shapes["ContactShown"];
export type AlarmShown = Shapes["AlarmShown"];
export type ConsentsShown = Shapes["ConsentsShown"];
export type HotlineShown = Shapes["HotlineShown"];
export type DistrictShown = Shapes["DistrictShown"];
export type Progress = Shapes["ProgressPage"];
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
  wish(code: string, clientId: string, kind: WishKind, text: string): Promise<WishTaken>;
  open(door: Door, place: string | null): Promise<Turn>;
  read(after: string | null): Promise<Turn>;
  consent(consents: ConsentsShown): Promise<Turn>;
  say(clientId: string, text: string): Promise<Turn>;
  choose(clientId: string, choice: string): Promise<Turn>;
  answer(clientId: string, administration: string, item: string, value: number | null): Promise<Turn>;
  contact(clientId: string, field: ContactField, value: string | null): Promise<Turn>;
  callPerson(clientId: string): Promise<Turn>;
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
    contact: (client_id, field, value) =>
      settled(client.POST("/api/session/contact", { body: { client_id, field, value }, signal: soon() })),
    callPerson: (client_id) => settled(client.POST("/api/session/person", { body: { client_id }, signal: soon() })),
    leave: async () => {
      await settled(client.POST("/api/session/leave", { keepalive: true, signal: soon() }));
    },
    erase: () => settled(client.DELETE("/api/session/record", { signal: soon() })),
    record: () => settled(client.GET("/api/session/record", { signal: soon() })),
  };
}
