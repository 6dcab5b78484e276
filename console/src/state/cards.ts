/** The cards of what to say, fetched once: they are content of the server, not of this page. */
import { ref } from "vue";
import { api, ask } from "../api/client";
import type { Level, SayCardsShown } from "../api/types";

export const cards = ref<SayCardsShown | null>(null);

export async function loadCards(): Promise<void> {
  if (cards.value) return;
  const answer = await ask(api.GET("/api/staff/say-cards"));
  if (answer.ok) cards.value = answer.data;
}

/** The card for this level; green, blue and yellow share one. */
export function cardFor(all: SayCardsShown, level: Level): SayCardsShown["levels"][string] | undefined {
  return all.levels[level] ?? all.levels.other;
}
