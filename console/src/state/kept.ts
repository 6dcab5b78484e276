/**
 * Visit records that could not be sent: kept sealed on this device, and sent once, when the network is back.
 *
 * The key comes from the server at each log-in, lives in memory only, and cannot be read out again; on the device lie
 * an id that says nothing, and sealed bytes. A record counts as kept only after the browser has said that it is on the
 * disk. Once the server has it, it is erased here, and with the last one the whole store.
 */
import { reactive } from "vue";
import { api, ask } from "../api/client";
import type { RecordVisit } from "../api/types";

const STORE = "visits";
const NAME = "xinqiao-kept";

interface Sealed {
  client_id: string;
  owner: string;
  iv: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
}
/** One visit that waits: for which ticket, what was typed, when it was kept, and why the server did not take it. */
export interface KeptVisit {
  client_id: string;
  code: string;
  body: Omit<RecordVisit, "client_id">;
  at: string;
  refused: string | null;
  /** Its owner is changing it just now: the form sends it, not we. */
  held: boolean;
}

export const kept = reactive({ rows: [] as KeptVisit[], sending: false });
let key: CryptoKey | null = null;
let owner = "";
let told: (code: string) => void = () => {};

/** Who wants to know that a kept visit has arrived. */
export function whenSent(then: (code: string) => void): void {
  told = then;
}

/** Somebody has logged in: fetch their key, and look for what they left on this device. */
export async function unlock(): Promise<void> {
  lock();
  if (!globalThis.crypto?.subtle) return;
  const answer = await ask(api.GET("/api/staff/keeping-key"));
  if (!answer.ok) return;
  const raw = Uint8Array.from(atob(answer.data.key), (letter) => letter.charCodeAt(0));
  key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  owner = answer.data.id;
  await read();
}

/** Nobody is logged in here any more: what is kept stays sealed. */
export function lock(): void {
  key = null;
  owner = "";
  kept.rows = [];
}

/** Keep one visit. True only when it is on this device for certain; the same visit again takes its own place. */
export async function keep(code: string, client_id: string, body: KeptVisit["body"], at: string): Promise<boolean> {
  if (!key) return false;
  const row: KeptVisit = { client_id, code, body, at, refused: null, held: false };
  try {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify({ code, body, at }).padEnd(1024));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: bound(client_id) }, key, text);
    await change((store) => store.put({ client_id, owner, iv, sealed } satisfies Sealed));
  } catch {
    return false;
  }
  kept.rows = [...kept.rows.filter((one) => one.client_id !== client_id), row];
  return true;
}

/** Erase one here: the server has it, or its owner wants it no longer. */
export async function erase(client_id: string): Promise<void> {
  if (!kept.rows.some((one) => one.client_id === client_id)) return;
  try {
    await change((store) => store.delete(client_id));
    kept.rows = kept.rows.filter((one) => one.client_id !== client_id);
    if (kept.rows.length === 0) await clearUp();
  } catch {
    /* It stays, and is sent again: the server records it once. */
  }
}

/** Send what waits, one after the other, each under its own id. What the server refused waits until it is asked for. */
export async function sendKept(again = false): Promise<void> {
  if (kept.sending || kept.rows.length === 0) return;
  kept.sending = true;
  try {
    for (const row of [...kept.rows]) {
      if (row.held || (row.refused && !again)) continue;
      const answer = await ask(
        api.POST("/api/staff/tickets/{code}/visits", { params: { path: { code: row.code } }, body: { ...row.body, client_id: row.client_id } }),
      );
      if (answer.ok) {
        await erase(row.client_id);
        told(row.code);
      } else if (answer.refusal.kind !== "refused") return;
      else {
        const now = kept.rows.find((one) => one.client_id === row.client_id);
        if (now) now.refused = answer.refusal.sentence;
      }
    }
  } finally {
    kept.sending = false;
  }
}

const bound = (client_id: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(`${owner}/${client_id}`);

async function read(): Promise<void> {
  if (!(await exists())) return;
  const rows: Sealed[] = [];
  await change((store) => {
    store.getAll().onsuccess = (event) => rows.push(...((event.target as IDBRequest<Sealed[]>).result));
  }).catch(() => undefined);
  const mine: KeptVisit[] = [];
  for (const row of rows.filter((one) => one.owner === owner)) {
    try {
      const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv: row.iv, additionalData: bound(row.client_id) }, key as CryptoKey, row.sealed);
      mine.push({ client_id: row.client_id, refused: null, held: false, ...JSON.parse(new TextDecoder().decode(opened)) });
    } catch {
      /* Sealed with another key: nobody here can read it. */
    }
  }
  kept.rows = mine.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** Whether anything was ever kept here. Looking must not leave a trace where nothing was. */
async function exists(): Promise<boolean> {
  if (typeof indexedDB === "undefined") return false;
  if (!("databases" in indexedDB)) return true;
  return (await indexedDB.databases()).some((one) => one.name === NAME);
}

/** One change, which has happened when the promise resolves: the browser has written it, not only taken it. */
async function change(act: (store: IDBObjectStore) => void): Promise<void> {
  const db = await open();
  try {
    await new Promise<void>((done, fail) => {
      const transaction = db.transaction(STORE, "readwrite", { durability: "strict" });
      transaction.oncomplete = () => done();
      transaction.onabort = transaction.onerror = () => fail(new Error("not kept"));
      act(transaction.objectStore(STORE));
    });
  } finally {
    db.close();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((done, fail) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "client_id" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = asked.onblocked = () => fail(new Error("not opened"));
  });
}

/** The last one has gone: leave nothing, unless a colleague's records wait here too. */
async function clearUp(): Promise<void> {
  let left = 0;
  await change((store) => {
    store.count().onsuccess = (event) => (left = (event.target as IDBRequest<number>).result);
  });
  if (left === 0) indexedDB.deleteDatabase(NAME);
}
