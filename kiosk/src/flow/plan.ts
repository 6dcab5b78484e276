/** The safety plan as words that one can carry away: a text, and the same text in pieces for a camera. */
import type { PlanShown } from "../api/client";

export const PLAN_TITLE = "难受时怎么办";
export const PROFESSIONALS = "professionals";
const DANGER = "眼下就有危险：打 120 或 110";
/** So many bytes in one picture: a phone of some years still reads it from a small screen. */
const MOST = 620;

const bytes = (text: string): number => new TextEncoder().encode(text).length;

function paragraphs(plan: PlanShown): string[] {
  return plan.steps.map((step, at) => ({ ...step, number: at + 1 })).filter((step) => step.words.trim()).map((step) => `${step.number}. ${step.label}\n${step.words.trim()}`);
}

/** The whole plan as one text. */
export function planText(plan: PlanShown): string {
  return [PLAN_TITLE, ...paragraphs(plan), DANGER].join("\n\n");
}

/** Text in pieces of at most `most` bytes; a character is never cut, and a long paragraph goes on in the next piece. */
function cut(text: string, most: number): string[] {
  const pieces = [""];
  for (const character of text) {
    if (bytes(pieces.at(-1)! + character) > most) pieces.push("");
    pieces[pieces.length - 1] += character;
  }
  return pieces;
}

/** The plan in as few pictures as hold it; each says which it is, and nothing is left out. */
export function planPieces(plan: PlanShown, most = MOST): string[] {
  const room = most - bytes(`${PLAN_TITLE}（10/10）\n`);
  const pieces: string[] = [];
  for (const part of [...paragraphs(plan), DANGER]) {
    const last = pieces.at(-1);
    if (last !== undefined && bytes(`${last}\n\n${part}`) <= room) pieces[pieces.length - 1] = `${last}\n\n${part}`;
    else pieces.push(...cut(part, room));
  }
  return pieces.map((piece, at) => `${PLAN_TITLE}${pieces.length > 1 ? `（${at + 1}/${pieces.length}）` : ""}\n${piece}`);
}
