/** Whether this person asked their device for stillness: then nothing on the page moves, and the words stay the same. */
export function prefersStill(): boolean {
  return globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
}
