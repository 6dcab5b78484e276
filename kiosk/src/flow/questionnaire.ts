/** Which question the card shows. The server names exactly one next item; going back happens here, answers kept. */
import type { InputShown, MessageShown, OptionShown, ScreeningShown, Turn } from "../api/client";

export interface QuestionShown {
  item: string;
  number: number;
  of: number;
  text: string;
  options: OptionShown[];
  input: InputShown | null;
  given: number | null;
  /** Whether it was answered before, `given` null then meaning 「不想回答」. */
  answered: boolean;
}

/** `at` is a place among the answered items; null is the open one. */
export type At = number | null;

function inOrder(screening: ScreeningShown) {
  return [...screening.answered].sort((a, b) => a.number - b.number);
}

export function questionAt(screening: ScreeningShown, at: At): QuestionShown {
  const earlier = at === null ? undefined : inOrder(screening)[at];
  if (!earlier) {
    const { item, number, of, text, options } = screening;
    return { item, number, of, text, options, input: screening.input ?? null, given: null, answered: false };
  }
  const { item, number, text, options, given } = earlier;
  return { item, number, of: screening.of, text, options, input: earlier.input ?? null, given, answered: true };
}

export function hasBefore(screening: ScreeningShown, at: At): boolean {
  return (at ?? screening.answered.length) > 0;
}

export function before(screening: ScreeningShown, at: At): At {
  const here = at ?? screening.answered.length;
  return here > 0 ? here - 1 : at;
}

export function after(screening: ScreeningShown, at: At): At {
  if (at === null) return null;
  return at + 1 < screening.answered.length ? at + 1 : null;
}

/** Whether the words at the start of a questionnaire (how long, how many) are due before its first question. */
export function introDue(screening: ScreeningShown, introduced: string | null): boolean {
  return screening.administration !== introduced && screening.answered.length === 0;
}

/**
 * Whether the question card should lie over the chat after this turn. It should not when the person is typing,
 * when we still ask whether to go on, or when something about danger was just said: that must be read first.
 */
export function cardOpens(earlier: Turn | null, now: Turn, typing: boolean): boolean {
  if (!now.screening || typing || now.resume || now.worker) return false;
  const dangerSaid = now.messages.some((message) => message.kind === "danger");
  const alarmIsNew = Boolean(now.alarm) && !earlier?.alarm;
  return !dangerSaid && !alarmIsNew;
}

/** What was said last before the safety questions: their card lies over the chat, and would hide the answer to one's words. */
export function saidBefore(screening: ScreeningShown, messages: MessageShown[]): string | null {
  if (screening.instrument !== "asq") return null;
  const own = messages.filter((one) => one.author === "program" && one.kind !== "item" && one.text !== screening.intro);
  return own.at(-1)?.text ?? null;
}
