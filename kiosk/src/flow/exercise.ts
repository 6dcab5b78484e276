/** What the pictures of the exercises need beyond the server's words. Steps are known by the ids of `bot/skills`. */
import type { ButtonShown, SkillShown } from "../api/client";
import { BOX, LONG, type Part } from "./breath";

/** How long each waiting lasts, as its own step says it. */
const MINUTES: Record<string, number> = {
  after_quarrel: 20,
  anger_cooldown: 20,
  craving_delay: 15,
  worry_time: 15,
  exam_nerves: 5,
};

export interface Sense {
  count: number;
  sign: "eye" | "hand" | "ear" | "nose" | "mouth";
  words: string;
}

const SENSES: Record<string, Sense> = {
  see: { count: 5, sign: "eye", words: "看得见的" },
  touch: { count: 4, sign: "hand", words: "摸得到的" },
  hear: { count: 3, sign: "ear", words: "听得见的" },
  smell: { count: 2, sign: "nose", words: "闻得到的" },
  taste: { count: 1, sign: "mouth", words: "嘴里尝的" },
};

export type BodyPart = "hands" | "arms" | "face" | "shoulders" | "head" | "belly" | "back" | "legs" | "feet";

const PARTS: Record<BodyPart, string> = {
  hands: "两只手",
  arms: "两条胳膊",
  face: "脸",
  shoulders: "肩膀",
  head: "肩膀、脖子、脸",
  belly: "肚子",
  back: "腰和背",
  legs: "两条腿",
  feet: "两只脚",
};

export const waitingMinutes = (skill: string): number => MINUTES[skill] ?? 10;
export const senseOf = (step: string): Sense | null => SENSES[step] ?? null;
export const partOf = (step: string): BodyPart | null => (step in PARTS ? (step as BodyPart) : null);
export const partWords = (part: BodyPart): string => PARTS[part];
export const breathOf = (picture: string | null): readonly Part[] | null =>
  picture === "breath_box" ? BOX : picture === "breath_478" ? LONG : null;

/** Whether anything is drawn for this step, and whether what is drawn moves by itself. */
export function drawn(skill: SkillShown): "moving" | "still" | null {
  switch (skill.picture) {
    case "breath_box":
    case "breath_478":
    case "candle":
      return "moving";
    case "body_scan":
      return partOf(skill.step) ? "moving" : null;
    case "muscles":
      return partOf(skill.step) ? "still" : null;
    case "ground_54321":
      return senseOf(skill.step) ? "still" : null;
    case "timer":
      return "still";
    default:
      return null;
  }
}

/** The buttons of a step stand on its card; under a bubble they are not drawn again. */
export function bubbleButtons(buttons: readonly ButtonShown[]): ButtonShown[] {
  return buttons.filter((one) => !/^(step_|skill_(back|skip|stop)$)/.test(one.choice));
}
