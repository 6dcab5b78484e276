/** Puts the in-memory API before Vite's dev and preview servers, under the content security policy of the real one. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connect, Plugin } from "vite";
import { FakeDesk } from "./desk.ts";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text ? (JSON.parse(text) as Record<string, unknown>) : {};
}

function answering(desk: FakeDesk): Connect.NextHandleFunction {
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const url = new URL(request.url ?? "/", "http://fake");
    if (!url.pathname.startsWith("/api/")) return next();
    void bodyOf(request).then((body) => {
      const { status, data } = desk.answer(request.method ?? "GET", decodeURIComponent(url.pathname), url.searchParams, body);
      response.statusCode = status;
      response.setHeader("content-type", "application/json; charset=utf-8");
      response.end(data === undefined ? "" : JSON.stringify(data));
    });
  };
}

export function fakeServer(): Plugin {
  return {
    name: "xinqiao-fake-server",
    configureServer(server) {
      server.middlewares.use(answering(new FakeDesk(new Date())));
    },
    configurePreviewServer(server) {
      server.middlewares.use((_request, response, next) => {
        response.setHeader("content-security-policy", POLICY);
        next();
      });
      server.middlewares.use(answering(new FakeDesk(new Date())));
    },
  };
}
