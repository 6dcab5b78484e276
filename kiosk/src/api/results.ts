/** One's own results: the trend of what was answered before, and the sheet of paper to keep. */
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type OwnTrend = components["schemas"]["OwnTrend"];

/** The trends of this conversation's person. None when nobody answers: a result never waits for its history. */
export async function ownTrends(): Promise<OwnTrend[]> {
  try {
    const client = createClient<paths>({ baseUrl: globalThis.location?.origin ?? "", credentials: "same-origin" });
    const { data } = await client.GET("/api/session/results", { signal: AbortSignal.timeout(10_000) });
    return data?.trends ?? [];
  } catch {
    return [];
  }
}

/** The result as a PDF; null when it could not be had. */
export async function ownPaper(): Promise<Blob | null> {
  try {
    const answer = await fetch("/api/session/result.pdf", { credentials: "same-origin", signal: AbortSignal.timeout(20_000) });
    return answer.ok ? await answer.blob() : null;
  } catch {
    return null;
  }
}
