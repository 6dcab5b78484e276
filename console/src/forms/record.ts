/** What all forms have in common: a kept draft, one id for all tries, the server's sentence beside what was typed. */
import { ref, watch, type Ref } from "vue";
import type { Answer, Refusal } from "../api/client";
import type { TicketDetail } from "../api/types";
import { drafts, type Draft, type FormName } from "../state/drafts";

export interface Recording<T, R> {
  draft: Draft<T>;
  sending: Ref<boolean>;
  refusal: Ref<Refusal | null>;
  /** Send it; the server's answer when it has it. A second press while it is on its way does nothing. */
  send: () => Promise<R | null>;
}

export function useRecording<T extends object, R = TicketDetail>(
  code: string,
  form: FormName,
  blank: () => T,
  post: (client_id: string, body: T) => Promise<Answer<R>>,
  about = "",
): Recording<T, R> {
  const draft = drafts.of(code, form, blank, about);
  const sending = ref(false);
  const refusal = ref<Refusal | null>(null) as Ref<Refusal | null>;
  watch(
    () => draft.body,
    () => (draft.touched = true),
    { deep: true, flush: "sync" },
  );
  async function send(): Promise<R | null> {
    if (sending.value) return null;
    sending.value = true;
    refusal.value = null;
    const answer = await post(draft.client_id, draft.body);
    sending.value = false;
    if (!answer.ok) {
      refusal.value = answer.refusal;
      return null;
    }
    drafts.done(code, form, about);
    return answer.data;
  }
  return { draft, sending, refusal, send };
}
