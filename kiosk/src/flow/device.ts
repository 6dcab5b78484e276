/**
 * The machine itself: its key, its sign of life, and the PIN of the staff's screen.
 *
 * The key comes behind the `#` of the start address, which no server sees, and is taken out of the address at once. It
 * lives in memory; before the page is loaded afresh it is put back there for the new page to find.
 */
import createClient, { type ClientOptions } from "openapi-fetch";
import type { paths } from "../api/schema";
import type { Carrier } from "./offline";

export const BEAT_MS = 30_000;
const KEY = /^#([A-Za-z0-9_-]{40,60})$/;

export type Opened = { open: true } | { open: false; sentence: string };

export const UNKNOWN = "这台机器还没有登记，或者换过钥匙了。登记：xinqiao kiosk <地点代码>。";
export const OFFLINE = "连不上服务器，口令没法核对。可以先看网线和电源，再重新载入页面。";

export interface Device extends Carrier {
  /** Whether this machine was started with a key. */
  known: boolean;
  beat(): Promise<boolean>;
  unlock(pin: string): Promise<Opened>;
  /** Load the page afresh; whatever it held in memory is gone, and it is locked. */
  reload(): void;
}

/** The key in the address, which is taken out of it; null when the machine was started without one. */
export function keyInAddress(): string | null {
  const key = KEY.exec(location.hash)?.[1] ?? null;
  if (key) history.replaceState(null, "", location.pathname);
  return key;
}

/** The name of the file that this page runs: which edition of the page it is. */
export function edition(): string | null {
  const script = document.querySelector<HTMLScriptElement>("script[type=module][src]");
  return /\/([A-Za-z0-9._-]{1,40})\.js$/.exec(script?.src ?? "")?.[1] ?? null;
}

export function makeDevice(key: string | null, fetch?: ClientOptions["fetch"]): Device {
  const client = createClient<paths>({ baseUrl: globalThis.location?.origin ?? "", credentials: "omit", fetch });
  const params = { header: { "x-kiosk-key": key ?? "" } };
  return {
    known: key !== null,
    async beat() {
      if (!key) return false;
      try {
        const { response } = await client.POST("/api/kiosk/beat", {
          params,
          body: { version: edition() },
          signal: AbortSignal.timeout(10_000),
        });
        return response.ok;
      } catch {
        return false;
      }
    },
    async unlock(pin) {
      if (!key) return { open: false, sentence: UNKNOWN };
      try {
        const { response, error } = await client.POST("/api/kiosk/unlock", {
          params,
          body: { pin },
          signal: AbortSignal.timeout(10_000),
        });
        if (response.ok) return { open: true };
        if (response.status === 401) return { open: false, sentence: UNKNOWN };
        const said = (error as { sentence?: unknown } | undefined)?.sentence;
        return { open: false, sentence: typeof said === "string" ? said : "口令不对。" };
      } catch {
        return { open: false, sentence: OFFLINE };
      }
    },
    async offline() {
      if (!key) return null;
      const { data } = await client.GET("/api/kiosk/offline", { params, signal: AbortSignal.timeout(10_000) });
      return data ?? null;
    },
    async forward(parcel) {
      if (!key) return false;
      const { response } = await client.POST("/api/kiosk/parcels", { params, body: parcel, signal: AbortSignal.timeout(10_000) });
      return response.ok;
    },
    reload() {
      if (key) history.replaceState(null, "", `${location.pathname}#${key}`);
      location.reload();
    },
  };
}
