/** Answers that are written: a time of day, minutes, hours. Kept as whole numbers, as the server keeps them. */
import type { AnsweredItem, InputShown } from "../api/client";

/** The value of what was written; null while it is not one that the form takes. */
export function valueOf(text: string, input: InputShown): number | null {
  const plain = text.trim();
  let value: number | null = null;
  if (input.unit === "clock") {
    const parts = /^(\d{1,2})[:：](\d{2})$/.exec(plain);
    if (parts && Number(parts[1]) < 24 && Number(parts[2]) < 60) value = Number(parts[1]) * 60 + Number(parts[2]);
  } else if (/^\d+(\.\d+)?$/.test(plain)) {
    const number = Number(plain) * (input.unit === "hours" ? 3600 : 1);
    value = Number.isInteger(number) ? number : null;
  }
  return value !== null && value >= input.lowest && value <= input.highest ? value : null;
}

/** A kept value as one writes it. */
export function writtenAs(value: number, input: InputShown): string {
  if (input.unit === "clock") return `${String(Math.floor(value / 60)).padStart(2, "0")}:${String(value % 60).padStart(2, "0")}`;
  return String(input.unit === "hours" ? Math.round((value / 3600) * 100) / 100 : value);
}

export const UNIT = { clock: "", minutes: "分钟", hours: "小时" } as const;
export const HINT = { clock: "几点几分，比如 22:30", minutes: "多少分钟，比如 30", hours: "几个小时，比如 6.5" } as const;

/** An earlier answer in words. */
export function answerWords(item: AnsweredItem): string {
  if (item.given === null) return "不想回答";
  if (item.input) return `${writtenAs(item.given, item.input)}${UNIT[item.input.unit]}`;
  return item.options.find((option) => option.value === item.given)?.label ?? "";
}
