/** The documents of a ticket, in the order in which they are wanted on the way. */
export const PAPERS = [
  { kind: "visit_kit", word: "走访包", hint: "一页纸：去哪里、怎么开口、看什么" },
  { kind: "visit_record", word: "走访记录", hint: "按记下的走访填好，可以打印签字" },
  { kind: "family_sheet", word: "家属告知单", hint: "本人同意后交给家人，上面没有病名" },
  { kind: "safety_plan", word: "难受时怎么办", hint: "先问过本人，同意了再打印" },
  { kind: "referral_letter", word: "转介函", hint: "给医院、咨询师、社区、调解的信" },
] as const;

export type PaperKind = (typeof PAPERS)[number]["kind"];
export const paperOf = (kind: string) => PAPERS.find((one) => one.kind === kind);
