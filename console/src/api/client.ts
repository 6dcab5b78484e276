/** One way to ask the server. The cookie is the server's business; we only let it travel. */
import createClient from "openapi-fetch";
import { serverSaidTheTime } from "../state/clock";
import type { paths } from "./schema";
import type { HotlineShown } from "./types";

/** What stands in the way, in a sentence that can be shown as it is. */
export interface Refusal {
  kind: "refused" | "expired" | "unreachable";
  status: number;
  sentence: string;
  hotlines: HotlineShown[];
}

export type Answer<T> = { ok: true; data: T } | { ok: false; refusal: Refusal };

export const api = createClient<paths>({
  baseUrl: typeof window === "undefined" ? "" : window.location.origin,
  credentials: "same-origin",
  // Looked up at each call, so that a test can stand in for the network.
  fetch: (request) => globalThis.fetch(request, { signal: AbortSignal.timeout(20_000) }),
});

/** Says with a request for whom this page stands: the cookie is the browser's, and another tab may have changed it. */
export const PERSON = "X-Xinqiao-Person";
let person: string | null = null;
let turn = 0;
api.use({
  onRequest({ request }) {
    if (person && !request.headers.has(PERSON)) request.headers.set(PERSON, person);
    return request;
  },
});

/** From now on this page asks for this person, or for nobody in particular. */
export function speakFor(whom: string | null): void {
  person = whom;
  turn += 1;
}

let expired: (another: boolean) => void = () => {};
let knownHotlines: HotlineShown[] = [];

/** Who wants to know that the session has ended, or that the browser's cookie is `another` person's now. */
export function whenExpired(then: (another: boolean) => void): void {
  expired = then;
}

/** The lines to show when nobody answers us. */
export function rememberHotlines(hotlines: HotlineShown[]): void {
  knownHotlines = hotlines;
}

interface Fetched<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * Wait for an answer and put every failure into words.
 *
 * Never throws. A 401 ends the session on this page, except where `atLogin` says that it means a wrong password. So does
 * the answer that somebody else has logged in beside us: nothing of theirs is shown here, and nothing of ours is done.
 * An answer that comes after the person before this page has changed is dropped: it was not meant for the one here now.
 */
export async function ask<T>(request: Promise<Fetched<T>>, atLogin = false): Promise<Answer<T>> {
  const asked = turn;
  let fetched: Fetched<T>;
  try {
    fetched = await request;
  } catch {
    return {
      ok: false,
      refusal: {
        kind: "unreachable",
        status: 0,
        sentence: "暂时连不上服务器。您写的内容还在这里，连上后再点一次就好，不会重复记录。",
        hotlines: knownHotlines,
      },
    };
  }
  const { response } = fetched;
  serverSaidTheTime(response.headers.get("date"));
  if (asked !== turn && !atLogin) return { ok: false, refusal: over(response.status) };
  if (response.ok) return { ok: true, data: fetched.data as T };
  const said = readProblem(fetched.error);
  if (response.status === 401 && !atLogin) {
    expired(false);
    return { ok: false, refusal: over(401) };
  }
  if (said?.problem === "another_person") {
    expired(true);
    return { ok: false, refusal: { kind: "expired", status: 409, sentence: said.sentence, hotlines: [] } };
  }
  return {
    ok: false,
    refusal: {
      kind: response.status >= 500 && !said ? "unreachable" : "refused",
      status: response.status,
      sentence: said?.sentence ?? "服务器这会儿没能办成。您写的内容还在，请过一会儿再试。",
      hotlines: said?.hotlines?.length ? said.hotlines : response.status >= 500 ? knownHotlines : [],
    },
  };
}

const over = (status: number): Refusal => ({ kind: "expired", status, sentence: "登录已过期，请重新登录。", hotlines: [] });

function readProblem(body: unknown): { problem: unknown; sentence: string; hotlines?: HotlineShown[] } | null {
  if (typeof body !== "object" || body === null) return null;
  const { problem, sentence, hotlines } = body as { problem?: unknown; sentence?: unknown; hotlines?: unknown };
  if (typeof sentence !== "string" || sentence === "") return null;
  return { problem, sentence, hotlines: Array.isArray(hotlines) ? (hotlines as HotlineShown[]) : [] };
}
