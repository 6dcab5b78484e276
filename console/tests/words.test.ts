import { mount } from "@vue/test-utils";
import { describe, expect, it } from "vitest";
import OwnWords from "../src/components/OwnWords.vue";
import TimeLine from "../src/components/TimeLine.vue";
import { pieces } from "../src/words/marks";
import { stepsOf } from "../src/words/steps";

const marked = (text: string, spans: number[][]): string[] => pieces(text, spans).filter((piece) => piece.marked).map((piece) => piece.text);
const HOSTILE = `<img src=x onerror="document.title='taken'"><script>1</script>{{ 7*7 }}`;

describe("the marks in a resident's words", () => {
  it("stand where the server counted them, an emoji being one character", () => {
    expect(marked("😞夜里觉得活着没意思", [[5, 10]])).toEqual(["活着没意思"]);
  });

  it("never lose a character of what was said", () => {
    const text = "我想说的都在这里";
    for (const spans of [[], [[0, 99]], [[-5, 2]], [[3, 1]], [[2, 5], [4, 7]], [[6, 8], [0, 2]]]) {
      expect(pieces(text, spans).map((piece) => piece.text).join("")).toBe(text);
    }
    expect(marked(text, [[2, 5], [4, 7]])).toEqual(["说的都在这"]);
  });
});

describe("whatever a resident or a worker types stays text", () => {
  it("behind the veil, marked or not", () => {
    const page = mount(OwnWords, { props: { words: [{ at: "2026-11-22T06:00:00Z", text: HOSTILE, spans: [[0, 12]] }] } });
    expect(page.findAll("img, script")).toHaveLength(0);
    expect(page.get("blockquote").text()).toBe(HOSTILE);
    expect(page.get("mark").text()).toBe("<img src=x o");
  });

  it("in the time line, notes included", () => {
    const page = mount(TimeLine, { props: { entries: [{ id: "1", at: "2026-11-22T06:00:00Z", kind: "call", who: HOSTILE, text: HOSTILE, note: HOSTILE }] } });
    expect(page.findAll("img, script")).toHaveLength(0);
    expect(page.get(".note").text()).toBe(HOSTILE);
  });
});

describe("the steps offered", () => {
  it("are those that the server allows, in the order of the chain, and no others", () => {
    expect(stepsOf(["close", "visit", "read", "call"])).toEqual(["call", "visit", "close"]);
    expect(stepsOf([])).toEqual([]);
  });
});
