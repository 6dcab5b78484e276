import { flushPromises, mount } from "@vue/test-utils";
import { describe, expect, it, vi } from "vitest";
import type { OwnTrend } from "../src/api/results";
import { days, ends } from "../src/flow/trend";
import ResultPage from "../src/pages/ResultPage.vue";

const result = {
  thanks: "谢谢您",
  sentence: "这段时间您挺不容易的",
  level_word: "建议聊聊",
  tonight: ["早点睡", "呼吸", "告诉一个人"],
  we_do: "三个工作日内打电话给您",
  talk_to: "可以打 12356",
  details: [{ title: "小测试", total: 12, out_of: 27, words: "都答了" }],
  at: "2026-03-01T10:00:00Z",
};
const trend: OwnTrend = {
  instrument: "phq9",
  title: "心情九问",
  words: "和上次差不多，没有明显变化。",
  highest: 27,
  points: [
    { at: "2026-03-01T10:00:00+08:00", total: 12 },
    { at: "2026-03-29T10:00:00+08:00", total: 14 },
  ],
};

async function page(trends: OwnTrend[], more = {}) {
  const mounted = mount(ResultPage, { props: { result, kiosk: false, busy: false, history: async () => trends, ...more } });
  await flushPromises();
  return mounted;
}

describe("a result the second time round", () => {
  it("says nothing of before the first time", async () => {
    expect((await page([])).find("[data-test=result-trends]").exists()).toBe(false);
  });

  it("says the trend in words after help and before saving, and shows a score only when unfolded", async () => {
    const mounted = await page([trend]);
    const text = mounted.text();
    const places = ["谢谢您", "这段时间", "建议聊聊", "早点睡", "三个工作日", "12356", "没有明显变化", "存到手机", "详细"].map((word) => text.indexOf(word));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    const fold = mounted.get("[data-test=result-charts]").element as HTMLDetailsElement;
    expect(fold.open).toBe(false);
    expect(mounted.find("[data-test=trend-table]").exists()).toBe(false);
  });

  it("shows no word of a level at a kiosk, where others stand behind", async () => {
    expect((await page([])).find("[data-test=result-level]").exists()).toBe(true);
    const mounted = await page([], { kiosk: true });
    expect(mounted.text()).not.toContain("建议聊聊");
    expect(mounted.text()).toContain("这段时间");
  });

  it("has no chart where one edition was answered once", async () => {
    const mounted = await page([{ ...trend, points: trend.points.slice(1), words: "题目换过新版" }]);
    expect(mounted.text()).toContain("题目换过新版");
    expect(mounted.find("[data-test=result-charts]").exists()).toBe(false);
  });

  it("shows the result although nobody tells of before", async () => {
    const mounted = mount(ResultPage, { props: { result, kiosk: false, busy: false } });
    await flushPromises();
    expect(mounted.text()).toContain("这段时间您挺不容易的");
  });

  it("saves the sheet, and its words when there is no sheet", async () => {
    const kept: Blob[] = [];
    const names: string[] = [];
    URL.createObjectURL = (blob) => (kept.push(blob as Blob), "blob:x");
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      names.push(this.download);
    });
    const sheet = new Blob(["%PDF"], { type: "application/pdf" });
    for (const paper of [async () => sheet, async () => null]) {
      const mounted = await page([], { paper });
      await mounted.get("[data-test=result-save]").trigger("click");
      await flushPromises();
    }
    expect(names).toEqual(["给自己的话.pdf", "给自己的话.txt"]);
    expect(await kept[1]!.text()).toContain("早点睡");
  });
});

describe("what is drawn", () => {
  it("names days, and hours where a day has two", () => {
    expect(days([{ at: "2026-03-01T10:00:00", total: 1 }, { at: "2026-03-29T10:00:00", total: 1 }])).toEqual(["3月1日", "3月29日"]);
    expect(days([{ at: "2026-03-01T10:00:00", total: 1 }, { at: "2026-03-01T15:05:00", total: 1 }])).toEqual(["3月1日 10:00", "3月1日 15:05"]);
  });

  it("draws the band around the total before the last, as far as it is on the form", () => {
    const points = [{ at: "", total: 4 }, { at: "", total: 12 }, { at: "", total: 9 }];
    expect(ends({ points, highest: 27, band: 5.7 }).map((end) => end.yAxis.toFixed(1))).toEqual(["6.3", "17.7"]);
    expect(ends({ points: points.slice(0, 2), highest: 27, band: 5.7 }).map((end) => end.yAxis.toFixed(1))).toEqual(["9.7"]);
    expect(ends({ points, highest: 27, band: null })).toEqual([]);
    expect(ends({ points: points.slice(0, 1), highest: 27, band: 5.7 })).toEqual([]);
  });
});
