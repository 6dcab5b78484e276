/** Short words after a deed, seen at the foot of the page and heard by a screen reader. */
import { reactive } from "vue";

interface Said {
  id: number;
  text: string;
}

export const notices = reactive({ shown: [] as Said[], spoken: "" });
let count = 0;

/** Say that something is done. It goes by itself after a while. */
export function say(text: string): void {
  const id = ++count;
  notices.shown = [{ id, text }];
  speak(text);
  window.setTimeout(() => (notices.shown = notices.shown.filter((one) => one.id !== id)), 7_000);
}

/** Say it to a screen reader only. */
export function speak(text: string): void {
  notices.spoken = notices.spoken === text ? `${text} ` : text;
}
