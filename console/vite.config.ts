import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";
import { fakeServer } from "./fake/plugin.ts";

// `--mode fake` answers the API from memory; it serves the dev and the preview server and is never built.
export default defineConfig(({ mode }) => ({
  base: "/console/",
  plugins: [vue(), ...(mode === "fake" ? [fakeServer()] : [])],
  build: { outDir: "dist", assetsInlineLimit: 0, target: "es2022", modulePreload: { polyfill: false } },
  server: { port: 5174, proxy: mode === "fake" ? undefined : { "/api": "http://127.0.0.1:8300" } },
  preview: { port: 5184 },
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"] },
}));
