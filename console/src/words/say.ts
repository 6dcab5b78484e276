/**
 * What to say, by level: a short card for the moment before the call or the door.
 * A draft of our own after the product's wording table; a clinician has yet to read it.
 */
import type { Level } from "../api/types";

export interface SayCard {
  first: string;
  then: string[];
  family: string[];
  never: string[];
}

const NEVER = ["系统显示您情绪很严重", "想开点 / 别想太多", "您要想想您的家人"];

/** The card for this level, spoken by this person of this office. */
export function sayCard(level: Level, office: string, name: string): SayCard {
  const me = `${office}的${name}`;
  if (level === "red") {
    return {
      first: `您好，我是${me}。您之前愿意跟我们的程序聊聊，我来看看有什么能帮上忙的，方便坐一会儿吗？`,
      then: [
        "我听到了，这段时间您一定很难。",
        "我想直接问一句，好知道怎么帮您：您有没有想过结束自己的生命？",
        "现在身边有人吗？手边有没有能伤到自己的东西？我们先把它放远一点。",
        "先听，不急着劝。有危险时别让人一个人待着，马上打 120 或 110。",
      ],
      family: ["这几天请多陪陪，听着说，不急着劝。", "家里的药请您收着。情况不对，马上打 120 或 110。"],
      never: [...NEVER, "家里人得的是什么什么病"],
    };
  }
  if (level === "orange") {
    return {
      first: `您好，我是${me}。您愿意跟我们的程序聊聊，我打个电话问问您，现在方便说话吗？`,
      then: [
        "不方便的话，您说个时间，我到时候再打。",
        "这几天睡得怎么样？有没有人能陪您说说话？",
        "您有没有觉得活着太累，不想活下去？",
        "我可以上门坐坐，也可以帮您约一位咨询师，您看哪样好？",
      ],
      family: ["本人同意后再和家人说。", "多陪陪，多听少劝；有不对劲随时打给我们。"],
      never: NEVER,
    };
  }
  return {
    first: `您好，我是${me}。您留过话说想有人聊聊，现在方便吗？`,
    then: ["最近哪件事最让您操心？", "有什么是我们能搭把手的？", "想停随时可以停，不说也没关系。"],
    family: ["没有本人同意，不和家人说。"],
    never: NEVER,
  };
}
