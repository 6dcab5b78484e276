/** What several people do on one ticket: one function for each deed. Sent twice with one id, it is done once. */
import { api, ask, type Answer } from "./client";
import type { AnswerLowering, AnswerTransfer, AskLowering, AskPartner, ComeBack, Decide, HandOver, PartnerTaskList, RecordAttempt, SetOut, AskTransfer, TicketDetail, TwoPeople, WithReason } from "./types";

type Detail = Promise<Answer<TicketDetail>>;
const at = (code: string): { path: { code: string } } => ({ path: { code } });
const once = (client_id: string): { client_id: string } => ({ client_id });

export const offerTransfer = (code: string, body: AskTransfer): Detail => ask(api.POST("/api/staff/tickets/{code}/transfer", { params: at(code), body }));
/** `ticket` is null when it is no longer this office's to see. */
export async function answerTransfer(code: string, body: AnswerTransfer): Promise<Answer<{ ticket: TicketDetail | null }>> {
  const answer = await ask<TicketDetail | null>(api.POST("/api/staff/tickets/{code}/transfer/answer", { params: at(code), body }));
  return answer.ok ? { ok: true, data: { ticket: answer.data } } : answer;
}
export const withdrawTransfer = (code: string, id: string): Detail => ask(api.POST("/api/staff/tickets/{code}/transfer/withdraw", { params: at(code), body: once(id) }));
export const handOver = (code: string, body: HandOver): Detail => ask(api.POST("/api/staff/tickets/{code}/hand-over", { params: at(code), body }));
export const takeOver = (code: string, body: WithReason): Detail => ask(api.POST("/api/staff/tickets/{code}/take-over", { params: at(code), body }));
export const toDistrict = (code: string, body: WithReason): Detail => ask(api.POST("/api/staff/tickets/{code}/to-district", { params: at(code), body }));
export const decide = (code: string, body: Decide): Detail => ask(api.POST("/api/staff/tickets/{code}/decision", { params: at(code), body }));
export const recordAttempt = (code: string, body: RecordAttempt): Detail => ask(api.POST("/api/staff/tickets/{code}/attempts", { params: at(code), body }));
export const askPartner = (code: string, body: AskPartner): Detail => ask(api.POST("/api/staff/tickets/{code}/sub-tasks", { params: at(code), body }));
export const withdrawSubTask = (code: string, task: string, id: string): Detail =>
  ask(api.POST("/api/staff/tickets/{code}/sub-tasks/{task}/withdraw", { params: { path: { code, task } }, body: once(id) }));
export const setOut = (code: string, body: SetOut): Detail => ask(api.POST("/api/staff/tickets/{code}/trip", { params: at(code), body }));
export const arrived = (code: string, id: string): Detail => ask(api.POST("/api/staff/tickets/{code}/trip/arrived", { params: at(code), body: once(id) }));
export const comeBack = (code: string, body: ComeBack): Detail => ask(api.POST("/api/staff/tickets/{code}/trip/back", { params: at(code), body }));
export const markTwoPeople = (code: string, body: TwoPeople): Detail => ask(api.POST("/api/staff/tickets/{code}/two-people", { params: at(code), body }));
export const askLowering = (code: string, body: AskLowering): Detail => ask(api.POST("/api/staff/tickets/{code}/lowering", { params: at(code), body }));
export const answerLowering = (code: string, body: AnswerLowering): Detail => ask(api.POST("/api/staff/tickets/{code}/lowering/answer", { params: at(code), body }));
export const reopen = (code: string, body: WithReason): Detail => ask(api.POST("/api/staff/tickets/{code}/reopen", { params: at(code), body }));

type Tasks = Promise<Answer<PartnerTaskList>>;
export const partnerTasks = (): Tasks => ask(api.GET("/api/staff/sub-tasks"));
export const acceptTask = (task: string, id: string): Tasks => ask(api.POST("/api/staff/sub-tasks/{task}/accept", { params: { path: { task } }, body: once(id) }));
export const finishTask = (task: string, client_id: string, result: string): Tasks =>
  ask(api.POST("/api/staff/sub-tasks/{task}/done", { params: { path: { task } }, body: { client_id, result } }));
export const cannotDoTask = (task: string, client_id: string, result: string): Tasks =>
  ask(api.POST("/api/staff/sub-tasks/{task}/cannot", { params: { path: { task } }, body: { client_id, result } }));
