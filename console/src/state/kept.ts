/**
 * Visit records that could not be sent: kept sealed on this device, and sent once, when the network is back.
 *
 * The key comes from the server at each log-in, lives in memory only, and cannot be read out again; on the device lie
 * an id that says nothing, and sealed bytes. A record counts as kept only after the browser has said that it is on the
 * disk. Once the server has it, it is erased here, and with the last one the whole store.
 */
import { reactive } from "vue";
import { api, ask, PERSON, type Refusal } from "../api/client";
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
interface Owner {
  key: CryptoKey;
  id: string;
}
let owner: Owner | null = null;
let opening: Promise<void> | null = null;
/** Goes on whenever somebody comes or leaves: what was begun for the one before is dropped when it is late. */
let turn = 0;
let told: (code: string) => void = () => {};

/** Who wants to know that a kept visit has arrived. */
export function whenSent(then: (code: string) => void): void {
  told = then;
}

/** Fetch the key of whoever has logged in, and look for what they left on this device. Once for each log-in. */
export async function unlock(): Promise<void> {
  if (opening) return opening;
  if (owner || !globalThis.crypto?.subtle) return;
  const mine = turn;
  opening = openFor(mine).finally(() => {
    if (turn === mine) opening = null;
  });
  return opening;
}

async function openFor(mine: number): Promise<void> {
  const answer = await ask(api.GET("/api/staff/keeping-key"));
  if (!answer.ok) return;
  const raw = Uint8Array.from(atob(answer.data.key), (letter) => letter.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  if (turn !== mine) return;
  owner = { key, id: answer.data.id };
  const found = await read(owner);
  if (turn !== mine) return;
  const newer = kept.rows.filter((row) => !found.some((one) => one.client_id === row.client_id));
  kept.rows = [...found, ...newer];
}

/** Nobody is logged in here any more: what is kept stays sealed. */
export function lock(): void {
  turn += 1;
  owner = null;
  opening = null;
  kept.rows = [];
  kept.sending = false;
}

/** Keep one visit. True only when it is on this device for certain; the same visit again takes its own place. */
export async function keep(code: string, client_id: string, body: KeptVisit["body"], at: string): Promise<boolean> {
  const whose = owner;
  const mine = turn;
  if (!whose) return false;
  const row: KeptVisit = { client_id, code, body, at, refused: null, held: false };
  try {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify({ code, body, at }).padEnd(1024));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: bound(whose, client_id) }, whose.key, text);
    await change((store) => store.put({ client_id, owner: whose.id, iv, sealed } satisfies Sealed));
  } catch {
    return false;
  }
  if (turn === mine) kept.rows = [...kept.rows.filter((one) => one.client_id !== client_id), row];
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

/**
 * Send what waits, one after the other, each under its own id and in its owner's name: the server refuses it when the
 * browser's cookie is a colleague's by now, and it waits for its owner. What the server refused for a reason of its own
 * waits until it is asked for; what it could not do just now is sent again.
 */
export async function sendKept(again = false): Promise<void> {
  const mine = turn;
  await unlock();
  if (turn !== mine || !owner || kept.sending || kept.rows.length === 0) return;
  const headers = { [PERSON]: owner.id };
  kept.sending = true;
  try {
    for (const row of [...kept.rows]) {
      if (row.held || (row.refused && !again)) continue;
      const body = { ...row.body, client_id: row.client_id };
      const answer = await ask(api.POST("/api/staff/tickets/{code}/visits", { params: { path: { code: row.code } }, body, headers }));
      if (turn !== mine) return;
      if (answer.ok) {
        await erase(row.client_id);
        if (turn === mine) told(row.code);
      } else if (answer.refusal.kind === "refused" && answer.refusal.status >= 500) continue; // the next may go all the same
      else if (isPassing(answer.refusal)) return;
      else {
        const now = kept.rows.find((one) => one.client_id === row.client_id);
        if (now) now.refused = answer.refusal.sentence;
      }
    }
  } finally {
    if (turn === mine) kept.sending = false;
  }
}

/** Whether the server said nothing about the visit itself: the same one may be taken a little later. */
export const isPassing = (why: Refusal): boolean => why.kind !== "refused" || why.status === 429 || why.status >= 500;

const bound = (whose: Owner, client_id: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(`${whose.id}/${client_id}`);

async function read(whose: Owner): Promise<KeptVisit[]> {
  if (!(await exists())) return [];
  const rows: Sealed[] = [];
  await change((store) => {
    store.getAll().onsuccess = (event) => rows.push(...((event.target as IDBRequest<Sealed[]>).result));
  }).catch(() => undefined);
  const mine: KeptVisit[] = [];
  for (const row of rows.filter((one) => one.owner === whose.id)) {
    try {
      const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv: row.iv, additionalData: bound(whose, row.client_id) }, whose.key, row.sealed);
      mine.push({ client_id: row.client_id, refused: null, held: false, ...JSON.parse(new TextDecoder().decode(opened)) });
    } catch {
      /* Sealed with another key: nobody here can read it. */
    }
  }
  return mine.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** Whether anything was ever kept here. Looking must not leave a trace where nothing was. */
async function exists(): Promise<boolean> {
  if (typeof indexedDB === "undefined") return false;
  if (!("databases" in indexedDB)) return true;
  return (await indexedDB.databases()).some((one) => one.name === NAME);
}

/** One change, which has happened when the promise resolves: the browser has written it, not only taken it. */
const change = (act: (store: IDBObjectStore) => void): Promise<void> => alone(() => write(act));

/** One at a time over all tabs: nothing is kept between counting what is left and taking the empty store away. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request(NAME, work) as Promise<T>) : work();
}

async function write(act: (store: IDBObjectStore) => void): Promise<void> {
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
const clearUp = (): Promise<void> =>
  alone(async () => {
    let left = 0;
    await write((store) => {
      store.count().onsuccess = (event) => (left = (event.target as IDBRequest<number>).result);
    });
    if (left === 0) await new Promise<void>((done) => {
      const asked = indexedDB.deleteDatabase(NAME);
      asked.onsuccess = asked.onerror = asked.onblocked = () => done();
    });
  });
