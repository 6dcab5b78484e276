/** What a browser may still hold of somebody after the page has let go of it. */

/** Stop what sounds, and empty the clipboard. What the browser refuses is not there, or not ours to empty. */
export function clearTraces(): void {
  globalThis.speechSynthesis?.cancel();
  for (const sound of document.querySelectorAll<HTMLMediaElement>("audio, video")) {
    sound.pause();
    sound.removeAttribute("src");
  }
  (document.activeElement as HTMLElement | null)?.blur();
  for (const form of document.forms) form.reset();
  void globalThis.navigator?.clipboard?.writeText("").catch(() => undefined);
}

/** Fields of a kiosk are not remembered, corrected or suggested: neither by the browser nor by a keyboard on the screen. */
export function forgetsWhatIsTyped(field: EventTarget | null): void {
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
  for (const [name, value] of [["autocomplete", "off"], ["autocorrect", "off"], ["autocapitalize", "off"], ["spellcheck", "false"]] as const) {
    if (field.getAttribute(name) !== value) field.setAttribute(name, value);
  }
}
