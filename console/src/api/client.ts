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

let expired: () => void = () => {};
let knownHotlines: HotlineShown[] = [];

/** Who wants to know that the session has ended. */
export function whenExpired(then: () => void): void {
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
 * Never throws. A 401 ends the session on this page, except where `atLogin` says that it means a wrong password.
 */
export async function ask<T>(request: Promise<Fetched<T>>, atLogin = false): Promise<Answer<T>> {
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
  if (response.ok) return { ok: true, data: fetched.data as T };
  const said = readProblem(fetched.error);
  if (response.status === 401 && !atLogin) {
    expired();
    return { ok: false, refusal: { kind: "expired", status: 401, sentence: "登录已过期，请重新登录。", hotlines: [] } };
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

function readProblem(body: unknown): { sentence: string; hotlines?: HotlineShown[] } | null {
  if (typeof body !== "object" || body === null) return null;
  const { sentence, hotlines } = body as { sentence?: unknown; hotlines?: unknown };
  if (typeof sentence !== "string" || sentence === "") return null;
  return { sentence, hotlines: Array.isArray(hotlines) ? (hotlines as HotlineShown[]) : [] };
}
