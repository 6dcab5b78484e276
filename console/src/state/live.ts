/** Hears from the server that something changed. A hint to look, nothing more: without it the page asks by itself. */
import { ref } from "vue";

/** Whether the server has let us hear its beat just now. */
export const live = ref(false);

const SILENT_AFTER = 15_000;
const AGAIN_AFTER = 20_000;

/** Listen until the returned function is called. `changed` is told the ticket's code, or none for a kiosk. */
export function hear(changed: (code: string) => void): () => void {
  if (typeof EventSource === "undefined") return () => {};
  let source: EventSource | null = null;
  let again = 0;
  let silence = 0;
  let soon = 0;

  const lost = (): void => {
    live.value = false;
    window.clearTimeout(silence);
    source?.close();
    source = null;
    window.clearTimeout(again);
    again = window.setTimeout(begin, AGAIN_AFTER);
  };
  const beat = (): void => {
    live.value = true;
    window.clearTimeout(silence);
    silence = window.setTimeout(lost, SILENT_AFTER);
  };
  function begin(): void {
    source = new EventSource("/api/staff/events");
    source.addEventListener("beat", beat);
    source.addEventListener("change", (event) => {
      beat();
      const { code } = JSON.parse((event as MessageEvent<string>).data) as { code: string };
      window.clearTimeout(soon);
      soon = window.setTimeout(() => changed(code), 300);
    });
    source.onerror = lost;
  }
  begin();
  return () => {
    live.value = false;
    source?.close();
    for (const timer of [again, silence, soon]) window.clearTimeout(timer);
  };
}
