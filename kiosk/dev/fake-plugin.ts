/** Puts the fake server behind `vite --mode fake` and `vite preview --mode fake`, with the real page's strict CSP. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connect, Plugin } from "vite";
import { FakeServer } from "./fake-server.ts";

export const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

function middleware(strict: boolean): Connect.NextHandleFunction {
  const server = new FakeServer();
  return (request: IncomingMessage, response: ServerResponse, next) => {
    if (strict) response.setHeader("Content-Security-Policy", CSP);
    if (!request.url?.startsWith("/api/")) return next();
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const cookie = /fake=([^;]*)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
      try {
        const reply = server.answer(request.method ?? "GET", request.url!, text ? JSON.parse(text) : {}, cookie);
        if (reply.token !== undefined)
          response.setHeader("Set-Cookie", `fake=${reply.token}; Path=/; HttpOnly; SameSite=Strict`);
        response.statusCode = reply.status;
        response.setHeader("Content-Type", "application/json");
        response.end(JSON.stringify(reply.body));
      } catch {
        request.socket.destroy();
      }
    });
  };
}

export function fakeServer(): Plugin {
  return {
    name: "fake-server",
    configureServer: (vite) => void vite.middlewares.use(middleware(false)),
    configurePreviewServer: (vite) => void vite.middlewares.use(middleware(true)),
  };
}
