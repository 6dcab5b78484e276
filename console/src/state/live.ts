/** Hears from the server that something changed. A hint to look, nothing more: without it the page asks by itself. */
import { ref } from "vue";

/** Whether the server has let us hear its beat just now. */
export const live = ref(false);

const SILENT_AFTER = 15_000;
const AGAIN_AFTER = 20_000;

/**
 * Listen until the returned function is called; `changed` is called when it is time to look.
 *
 * A page that nobody sees gives its connection back: a browser has six for one host, and the server three for one
 * person. It looks once more as it turns away, asks by itself meanwhile, and when it is seen again it looks at once and
 * listens again. One page of a browser, the ear, goes on listening unseen: its title says that something is waiting.
 */
export function hear(changed: () => void): () => void {
  if (typeof EventSource === "undefined") return () => {};
  let source: EventSource | null = null;
  let again = 0;
  let silence = 0;
  let soon = 0;
  let ear = false;
  let deaf = false;
  let giveUp: () => void = () => {};

  const beTheEar = (): void => {
    if (ear || !navigator.locks) return;
    void navigator.locks
      .request("xinqiao-ear", { ifAvailable: true }, (lock) => {
        if (!lock || ear || deaf) return;
        ear = true;
        return new Promise<void>((done) => (giveUp = done));
      })
      .catch(() => undefined);
  };
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
    beTheEar();
    source = new EventSource("/api/staff/events");
    source.addEventListener("beat", beat);
    source.addEventListener("change", () => {
      beat();
      // What comes within a moment is one look; it is never put off by what comes next.
      soon ||= window.setTimeout(() => {
        soon = 0;
        changed();
      }, 300);
    });
    source.onerror = lost;
  }
  const rest = (): void => {
    live.value = false;
    source?.close();
    source = null;
    for (const timer of [again, silence, soon]) window.clearTimeout(timer);
    soon = 0;
  };
  const turned = (): void => {
    if (!(document.hidden && ear)) {
      rest();
      if (!document.hidden) begin();
    }
    changed();
  };
  document.addEventListener("visibilitychange", turned);
  if (!document.hidden) begin();
  return () => {
    document.removeEventListener("visibilitychange", turned);
    deaf = true;
    rest();
    giveUp();
  };
}
