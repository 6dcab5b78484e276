/** One-letter shortcuts. They rest while somebody types, while a sheet is open, and when switched off. */
import { onBeforeUnmount, onMounted, ref } from "vue";

/** Off until the page is loaded anew; for people whose voice input types single letters. */
export const keysOn = ref(true);

/** Whether this key press is meant for a shortcut. */
export function isShortcut(event: KeyboardEvent): boolean {
  if (!keysOn.value || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return false;
  const at = event.target instanceof HTMLElement ? event.target : null;
  if (at?.closest("input, textarea, select, [contenteditable]")) return false;
  return document.querySelector("dialog[open]") === null;
}

/** Listen for these keys while the component lives. */
export function useKeys(keys: Record<string, () => void>): void {
  const pressed = (event: KeyboardEvent): void => {
    const act = keys[event.key];
    if (act && isShortcut(event)) {
      event.preventDefault();
      act();
    }
  };
  onMounted(() => window.addEventListener("keydown", pressed));
  onBeforeUnmount(() => window.removeEventListener("keydown", pressed));
}
