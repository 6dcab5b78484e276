/** Helps the tests to speak of people: the desk in memory stands behind `fetch`, and can fall silent. */
import { FakeDesk } from "../fake/desk.ts";

export interface Sent {
  method: string;
  path: string;
  body: Record<string, unknown>;
}

export class TestNetwork {
  readonly desk = new FakeDesk(new Date());
  readonly sent: Sent[] = [];
  /** The next requests fail on their way there, or on their way back after the desk has acted. */
  cut: "" | "there" | "back" = "";

  install(): void {
    globalThis.fetch = async (input: RequestInfo | URL): Promise<Response> => {
      const request = input as Request;
      const url = new URL(request.url);
      const text = request.method === "GET" ? "" : await request.text();
      const body = text ? (JSON.parse(text) as Record<string, unknown>) : {};
      this.sent.push({ method: request.method, path: decodeURIComponent(url.pathname), body });
      if (this.cut === "there") throw new TypeError("network");
      const { status, data } = this.desk.answer(request.method, decodeURIComponent(url.pathname), url.searchParams, body);
      if (this.cut === "back") throw new TypeError("network");
      return new Response(data === undefined ? null : JSON.stringify(data), { status, headers: { "content-type": "application/json" } });
    };
  }

  posts(end: string): Sent[] {
    return this.sent.filter((one) => one.method === "POST" && one.path.endsWith(end));
  }
}

/** Browsers have these; the test's document may not. */
export function dialogs(): void {
  const made = HTMLDialogElement.prototype;
  made.showModal = function (this: HTMLDialogElement): void {
    this.setAttribute("open", "");
  };
  made.close = function (this: HTMLDialogElement): void {
    this.removeAttribute("open");
  };
}
