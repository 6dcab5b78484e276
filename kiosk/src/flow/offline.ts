/**
 * A few questions while the network is cut, and what was answered, sealed, until it is back.
 *
 * Promises: after each answer all of them are sealed anew for the server alone, with a key that the page forgets at
 * once; what is sealed outlives the person who leaves, and only the page itself ends it (nothing is put into storage,
 * so that a machine that is switched off has lost it). It is sent until the server has said that it has it, under one
 * id. Times are those of the page's own steady clock, which a clock that is set meanwhile does not move.
 */
import { ref } from "vue";
import type { components } from "../api/schema";
import { newId } from "./ids";

export type OfflinePack = components["schemas"]["OfflinePack"];
export type OfflineParcel = components["schemas"]["OfflineParcel"];
export type Sealed = Omit<OfflineParcel, "sent">;

export interface Given {
  item: string;
  value: number | null;
  at: number;
}

/** What carries parcels: the machine, by its key. */
export interface Carrier {
  offline(): Promise<OfflinePack | null>;
  /** Whether the server has it. Anything else is tried again. */
  forward(parcel: OfflineParcel): Promise<boolean>;
}

const CURVE = { name: "ECDH", namedCurve: "P-256" } as const;
const INFO = "xinqiao offline parcel 1";
const utf8 = (text: string) => new TextEncoder().encode(text);
const base64 = (bytes: ArrayBuffer | Uint8Array<ArrayBuffer>) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const unbase64 = (text: string) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

/** Whether what was answered calls for a person: by the server's own rules, as they came with the questions. */
export function callsForAPerson(pack: OfflinePack, given: readonly Given[]): boolean {
  const single = given.some((one) => pack.items.find((item) => item.item === one.item)?.danger.includes(one.value));
  const total = given.reduce((sum, one) => sum + (one.value ?? 0), 0);
  return single || (pack.total_from !== null && total >= pack.total_from);
}

/** Seal for the server. Whoever holds the page afterwards cannot open it. */
export async function seal(pack: OfflinePack, id: string, given: readonly Given[]): Promise<Sealed> {
  const { subtle } = globalThis.crypto;
  const own = await subtle.generateKey(CURVE, false, ["deriveBits"]);
  const theirs = await subtle.importKey("raw", unbase64(pack.key), CURVE, false, []);
  const shared = await subtle.deriveBits({ name: "ECDH", public: theirs }, own.privateKey, 256);
  const root = await subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8(INFO) };
  const key = await subtle.deriveKey(how, root, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const iv = globalThis.crypto.getRandomValues(new Uint8Array(12));
  const held = utf8(JSON.stringify({ form: pack.form, content: pack.content, agreed: true, answers: given }));
  const sealed = await subtle.encrypt({ name: "AES-GCM", iv, additionalData: utf8(id) }, key, held);
  return { id, key: base64(await subtle.exportKey("raw", own.publicKey)), iv: base64(iv), sealed: base64(sealed) };
}

/** One person's answers. `close` lets go of them; what was sealed of them waits in the post. */
export class Sitting {
  readonly id = newId();
  private given: Given[] = [];
  private newest: Promise<Sealed> | null = null;
  private closed = false;

  constructor(
    private readonly post: OfflinePost,
    readonly pack: OfflinePack,
  ) {}

  get serious(): boolean {
    return callsForAPerson(this.pack, this.given);
  }

  give(item: string, value: number | null): void {
    if (this.closed) return;
    this.given = [...this.given.filter((one) => one.item !== item), { item, value, at: performance.now() }];
    this.newest = seal(this.pack, this.id, this.given);
    this.newest.catch(() => undefined); // met where it is kept, and nowhere if another answer replaces it
  }

  /** Whether what was given is sealed and waits: false when it could not be sealed, and nobody will ever see it. */
  async close(): Promise<boolean> {
    if (this.closed) return true;
    this.closed = true;
    this.given = [];
    const newest = this.newest;
    this.newest = null;
    if (!newest) return true;
    this.post.keep(newest);
    return newest.then(() => true, () => false);
  }
}

export class OfflinePost {
  readonly pack = ref<OfflinePack | null>(null);
  /** How many parcels the server has not got yet. */
  readonly waiting = ref(0);
  private parcels: Array<Promise<Sealed>> = [];
  private going: Promise<boolean> | null = null;

  constructor(private readonly carrier: Carrier) {}

  /** Learn the questions while the server is there; the ones that are known stay when it is not. */
  async load(): Promise<void> {
    if (!globalThis.crypto?.subtle) return;
    this.pack.value = (await this.carrier.offline().catch(() => null)) ?? this.pack.value;
  }

  begin(): Sitting | null {
    return this.pack.value && new Sitting(this, this.pack.value);
  }

  keep(parcel: Promise<Sealed>): void {
    this.parcels.push(parcel);
    this.waiting.value = this.parcels.length;
  }

  /** Send what waits; true when nothing waits any more. Asked twice at once, it is sent once. */
  flush(): Promise<boolean> {
    this.going ??= this.sendAll().finally(() => (this.going = null));
    return this.going;
  }

  /** One that could not be sealed can never be sent: it is let go, and holds up no other. */
  private async sendAll(): Promise<boolean> {
    for (const parcel of [...this.parcels]) {
      const sealed = await parcel.catch(() => null);
      const taken = sealed === null || (await this.carrier.forward({ ...sealed, sent: performance.now() }).catch(() => false));
      if (taken) this.parcels = this.parcels.filter((one) => one !== parcel);
      this.waiting.value = this.parcels.length;
    }
    return this.parcels.length === 0;
  }
}
