import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, describe, expect, it, vi } from "vitest";
import ResultsPanel from "../src/components/ResultsPanel.vue";

const RESULTS = {
  administrations: [
    {
      id: "1", instrument: "phq9", title: "心情九问", version: "2", at: "2026-03-29T10:00:00Z", finished: true, total: 17, highest: 27,
      standard_score: null, percentile: null, band: "困扰很多", figures: [], flags: [], norms: null, note: null, level: "orange", level_word: "橙色",
      reasons: [{ rule: "phq9.item9", sentence: "第 9 题不是零", items: ["9"], at: "2026-03-29T10:00:00Z", level: "orange" }], quality: ["可能没有逐题看。"],
    },
    {
      id: "2", instrument: "gad7", title: "担心七问", version: "2", at: "2026-03-28T10:00:00Z", finished: true, total: null, highest: null,
      standard_score: null, percentile: null, band: null, figures: [], flags: [], norms: null, note: "有 2 题没有答，没有总分，也不分段。", level: null, level_word: null,
      reasons: [], quality: [],
    },
  ],
  trends: [],
  asking_again: { every_days: null, next_at: null, by: null, declined: false },
};

function answer(status: number, body: unknown) {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(request.url);
    return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

describe("the panel of results", () => {
  it("asks for nothing until somebody opens it, and shows reasons, figures and quality", async () => {
    const asked = answer(200, RESULTS);
    const panel = mount(ResultsPanel, { props: { code: "C3TP-8WHN-2" } });
    await flushPromises();
    expect(asked).toEqual([]);
    await panel.get("[data-test=open-results]").trigger("click");
    await flushPromises();
    expect(asked).toHaveLength(1);
    const [whole, gaps] = panel.findAll("[data-test=administration]");
    for (const words of ["第 9 题不是零", "17 分（最多 27）", "困扰很多", "橙色", "作答质量：可能没有逐题看。"]) expect(whole!.text()).toContain(words);
    expect(whole!.text()).not.toContain("百分位");
    expect(gaps!.text()).toContain("有 2 题没有答");
    expect(gaps!.text()).not.toMatch(/分（最多/);
    await panel.get("[data-test=cover-results]").trigger("click");
    expect(panel.find("[data-test=administration]").exists()).toBe(false);
  });

  async function opened(again: object, posted: unknown = {}) {
    const asked: Request[] = [];
    vi.stubGlobal("fetch", async (request: Request) => {
      asked.push(request.clone());
      const body = request.method === "POST" ? posted : { ...RESULTS, asking_again: again };
      return new Response(JSON.stringify(body), { status: 200, headers: { "Content-Type": "application/json" } });
    });
    const panel = mount(ResultsPanel, { props: { code: "C3TP-8WHN-2" }, global: { stubs: { teleport: true } } });
    await panel.get("[data-test=open-results]").trigger("click");
    await flushPromises();
    return { panel, asked };
  }
  const NEVER = { every_days: null, next_at: null, by: null, declined: false };

  it("plans when somebody is asked again, and says who planned it", async () => {
    const planned = { every_days: 14, next_at: "2026-12-07T02:00:00Z", by: "沈青", declined: false };
    const { panel, asked } = await opened(NEVER, planned);
    expect(panel.get("[data-test=again-standing]").text()).toBe("还没有约。");
    expect(panel.find("[data-test=again-stop]").exists()).toBe(false);
    await panel.get("[data-test=again-open]").trigger("click");
    await panel.get("[data-test=again-every-14]").trigger("click");
    await panel.get("[data-test=again-from]").setValue("2026-12-07");
    await panel.get("[data-test=form-ask-again]").trigger("submit");
    await flushPromises();
    const sent = await asked.at(-1)!.json();
    expect(sent).toMatchObject({ every_days: 14, starts_on: "2026-12-07" });
    expect(panel.get("[data-test=again-standing]").text()).toBe("每 14 天一次，下次 2026 年 12 月 7 日。沈青约的。");
    panel.unmount();
  });

  it("offers nothing against a no", async () => {
    const { panel } = await opened({ ...NEVER, declined: true });
    expect(panel.get("[data-test=again-standing]").text()).toContain("不要再提醒");
    expect(panel.find("[data-test=again-open]").exists()).toBe(false);
    panel.unmount();
  });

  it("says it of a plan that the level made", async () => {
    const { panel } = await opened({ every_days: 28, next_at: "2026-12-21T02:00:00Z", by: null, declined: false });
    expect(panel.get("[data-test=again-standing]").text()).toContain("按上次的等级自动约的");
    panel.unmount();
  });

  it("hands one questionnaire over for a reason only", async () => {
    const { panel, asked } = await opened(NEVER, { resourceType: "Bundle" });
    await panel.get("[data-test=export-phq9]").trigger("click");
    await panel.get("[data-test=form-export]").trigger("submit");
    expect(asked).toHaveLength(1);
    await panel.get("[data-test=reason-0]").trigger("click");
    await panel.get("[data-test=form-export]").trigger("submit");
    await flushPromises();
    expect(asked.at(-1)!.url).toContain("/administrations/1/bundle");
    expect(await asked.at(-1)!.json()).toEqual({ reason: "转给卫生服务中心" });
    expect(panel.find("[data-test=form-export]").exists()).toBe(false);
    panel.unmount();
  });

  it("says what stands in the way", async () => {
    answer(409, { problem: "not_allowed", sentence: "审计员看不到作答的结果。", hotlines: [] });
    const panel = mount(ResultsPanel, { props: { code: "C3TP-8WHN-2" } });
    await panel.get("[data-test=open-results]").trigger("click");
    await flushPromises();
    expect(panel.text()).toContain("审计员看不到");
  });
});
