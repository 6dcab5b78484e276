/** Do something now and again after a pause, one at a time; returns how to stop. */
export function poll(pause: number | (() => number), work: () => Promise<unknown>): () => void {
  let timer = 0;
  let stopped = false;
  const round = async (): Promise<void> => {
    await work().catch(() => undefined);
    if (!stopped) timer = window.setTimeout(round, typeof pause === "number" ? pause : pause());
  };
  void round();
  return () => {
    stopped = true;
    window.clearTimeout(timer);
  };
}
