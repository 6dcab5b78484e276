/** When a chosen answer goes on by itself: after a finger or mouse, never after arrow keys or a screen reader. */
export const ADVANCE_MS = 500;

export type Chosen = "pointer" | "keyboard";

/** A click that no pointer caused comes from the keyboard or an assistive tool: those confirm for themselves. */
export function howChosen(pointerWasDown: boolean): Chosen {
  return pointerWasDown ? "pointer" : "keyboard";
}

/** Holds one choice for half a second so that it can be seen and taken back before it is sent. */
export class Advance {
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly send: (value: number) => void) {}

  get waiting(): boolean {
    return this.timer !== null;
  }

  choose(value: number, how: Chosen): void {
    this.undo();
    if (how === "pointer") {
      this.timer = setTimeout(() => {
        this.timer = null;
        this.send(value);
      }, ADVANCE_MS);
    }
  }

  /** Take the choice back; true when it was still in our hands. */
  undo(): boolean {
    if (!this.timer) return false;
    clearTimeout(this.timer);
    this.timer = null;
    return true;
  }
}
