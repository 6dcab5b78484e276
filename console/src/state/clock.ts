/** The server's time on this page: deadlines must not depend on a wrong clock in somebody's pocket. */
import { ref, computed } from "vue";

const offset = ref(0);
const ticked = ref(Date.now());

/** The time now as the server sees it; moves every five seconds. */
export const now = computed(() => new Date(ticked.value + offset.value));

/** Take the server's time from an answer; small differences are the network's and are left alone. */
export function serverSaidTheTime(said: string | null | undefined): void {
  const at = said ? Date.parse(said) : Number.NaN;
  if (Number.isNaN(at)) return;
  const difference = at - Date.now();
  if (Math.abs(difference - offset.value) > 2_000) offset.value = difference;
  ticked.value = Date.now();
}

/** Let time pass on the page; returns how to stop it. */
export function startTicking(): () => void {
  const timer = window.setInterval(() => (ticked.value = Date.now()), 5_000);
  return () => window.clearInterval(timer);
}
