import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";
import { fakeServer } from "./dev/fake-plugin.ts";

const SERVER = "http://127.0.0.1:8300";

export default defineConfig(({ mode, command }) => ({
  base: "/",
  plugins: [vue(), ...(mode === "fake" && command === "serve" ? [fakeServer()] : [])],
  // Nothing is written into the page as text: a data: style or script would be refused by the policy.
  build: { outDir: "dist", assetsDir: "assets", assetsInlineLimit: 0, target: "es2020", modulePreload: { polyfill: false } },
  server: { port: 5301, proxy: mode === "fake" ? undefined : { "/api": SERVER } },
  preview: { port: 5311, host: "127.0.0.1" },
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"] },
}));
