/** Notices to the caller and their office that nobody has looked at yet. */
import { reactive } from "vue";
import { api, ask, type Refusal } from "../api/client";
import type { NoticeShown } from "../api/types";

export const bell = reactive({ count: 0, notices: [] as NoticeShown[] });

/** One look; a failure leaves what was known. */
export async function listen(): Promise<void> {
  const answer = await ask(api.GET("/api/staff/notices"));
  if (answer.ok) Object.assign(bell, answer.data);
}

/** Say that these were looked at, one after the other. What could not be said stays unseen and comes again. */
export async function sawNotices(notices: readonly NoticeShown[]): Promise<Refusal | null> {
  for (const { id } of notices) {
    const answer = await ask(api.POST("/api/staff/notices/{notice}/seen", { params: { path: { notice: id } } }));
    if (!answer.ok) return answer.refusal;
    Object.assign(bell, answer.data);
  }
  return null;
}

export function hush(): void {
  Object.assign(bell, { count: 0, notices: [] });
}
