/**
 * The kiosk's idle clock. After `idleMs` without a sign of life it asks, counts down `askMs`, and then wipes.
 * A sign of life while it asks is not enough: the big button must be pressed (`stay`), because a sleeve on the
 * glass is not an answer. Staying is allowed without limit.
 */
export type IdleState = { asking: boolean; secondsLeft: number };

export interface IdleOptions {
  askMs?: number;
  onChange: (state: IdleState) => void;
  onWipe: () => void;
}

export class IdleClock {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private idleMs: number | null = null;
  private deadline = 0;
  private asking = false;

  constructor(private readonly options: IdleOptions) {}

  private get askMs(): number {
    return this.options.askMs ?? 30_000;
  }

  /** Watch with this patience from now on; null stops watching. The same patience again changes nothing. */
  watch(idleMs: number | null): void {
    if (idleMs === this.idleMs) return;
    this.idleMs = idleMs;
    this.restart();
  }

  /** Somebody touched the glass, pressed a key or moved the pointer. */
  alive(): void {
    if (!this.asking) this.restart();
  }

  /** 「我还在」 was pressed. */
  stay(): void {
    this.restart();
  }

  stop(): void {
    this.idleMs = null;
    this.restart();
  }

  private restart(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.asking) {
      this.asking = false;
      this.options.onChange({ asking: false, secondsLeft: 0 });
    }
    if (this.idleMs !== null) this.timer = setTimeout(() => this.ask(), this.idleMs);
  }

  private ask(): void {
    this.asking = true;
    this.deadline = Date.now() + this.askMs;
    this.count();
  }

  private count(): void {
    const left = Math.ceil((this.deadline - Date.now()) / 1000);
    if (left <= 0) {
      this.asking = false;
      this.idleMs = null;
      this.options.onChange({ asking: false, secondsLeft: 0 });
      this.options.onWipe();
      return;
    }
    this.options.onChange({ asking: true, secondsLeft: left });
    this.timer = setTimeout(() => this.count(), Math.min(1000, this.deadline - Date.now()));
  }
}
