/**
 * Between two people at one kiosk: what belongs to the one who left may not reach the one who comes.
 *
 * Promises: nothing of the next person is sent before the server knows that the last one has left (or has said that it
 * does not know them); what the last one's page was still asking is broken off then. The browser has one cookie for
 * both, so the order of the requests is all that keeps them apart.
 */
import { type Api, Refused } from "../api/client";

type Fetch = (request: Request, init?: RequestInit) => Promise<Response>;

/** Whose turn it is: every request of a visit can be broken off together when the visit is over. */
export class Visit {
  private over = new AbortController();

  constructor(private readonly real: Fetch = (request, init) => globalThis.fetch(request, init)) {}

  readonly fetch = (request: Request): Promise<Response> =>
    this.real(request, { signal: AbortSignal.any([request.signal, this.over.signal]) });

  /** Break off whatever is under way, and begin anew. */
  end(): void {
    this.over.abort();
    this.over = new AbortController();
  }
}

/** What anybody may be told, whoever stands there. */
const ANYBODYS = new Set<keyof Api>(["district", "hotlines", "entrances", "progress", "remind", "wish"]);

export interface Parted extends Api {
  /** Whether the server has still to be told that somebody left. */
  pending(): boolean;
  /** Tell it, when it has still to be told; it never ends what began since. Rejects while nobody answers. */
  settle(): Promise<void>;
}

/** The same interface, but the next person's first request waits for the last one's leaving. */
export function afterLeaving(api: Api, visit: Visit): Parted {
  let pending = false;
  let telling: Promise<void> | null = null;

  /** Tell the server, however often it is asked at once; rejects while nobody answers. */
  function tell(): Promise<void> {
    pending = true;
    telling ??= api
      .leave()
      .catch((failure: unknown) => {
        // A refusal is an answer: the server knows of nobody here. What may pass is asked again.
        if (!(failure instanceof Refused) || failure.mayPass) throw failure;
      })
      .then(() => {
        pending = false;
      })
      .finally(() => {
        telling = null;
      });
    return telling;
  }

  const parted: Record<string, unknown> = {
    pending: () => pending,
    settle: () => (pending ? tell() : Promise.resolve()),
    leave: () => {
      visit.end();
      return tell();
    },
  };
  for (const [name, call] of Object.entries(api) as Array<[keyof Api, (...given: unknown[]) => Promise<unknown>]>) {
    if (name === "leave") continue;
    parted[name] = ANYBODYS.has(name)
      ? call
      : async (...given: unknown[]) => {
          if (pending) await tell();
          return call(...given);
        };
  }
  return parted as unknown as Parted;
}
