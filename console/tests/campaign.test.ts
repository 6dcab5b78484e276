/** Group screenings as the administrator sees them: numbers only when they are published, a poster only before. */
import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CampaignList, CampaignShown } from "../src/api/types";
import CampaignPage from "../src/pages/CampaignPage.vue";

const one = (more: Partial<CampaignShown>): CampaignShown => ({
  code: "C-AAAAAA", name: "秋天的关怀", place_name: "示范园区", entrance_name: "我上班", from_day: "2026-11-23", to_day: "2026-11-29",
  state: "running", sentence: "正在进行。", cells: [], total: null, ...more,
});
let list: CampaignList;
const sent: { method: string; body: unknown }[] = [];

beforeEach(() => {
  sent.length = 0;
  list = { campaigns: [], places: [{ code: "xixing-company-1", name: "示范园区" }], entrances: [{ code: "employee", name: "我上班" }], may_end_on: "2026-11-23" };
  vi.stubGlobal("fetch", async (input: Request) => {
    sent.push({ method: input.method, body: input.method === "POST" ? await input.clone().json() : null });
    return new Response(JSON.stringify(list), { headers: { "Content-Type": "application/json" } });
  });
});
afterEach(() => vi.unstubAllGlobals());

async function page() {
  const shown = mount(CampaignPage);
  await flushPromises();
  return shown;
}

describe("a group screening", () => {
  it("shows no number while it runs, and has a poster", async () => {
    list.campaigns = [one({})];
    const shown = await page();
    expect(shown.find("[data-test=campaign-total]").exists()).toBe(false);
    expect(shown.find("[data-test=campaign-cells]").exists()).toBe(false);
    expect(shown.get("[data-test=campaign-poster]").attributes("href")).toBe("/api/staff/campaigns/C-AAAAAA/poster");
  });

  it("shows what was published, and no poster any more", async () => {
    list.campaigns = [one({ state: "published", total: 50, cells: [{ name: "平稳、留意一下", count: 38 }, { name: "建议聊聊、建议有人帮忙", count: 12 }] })];
    const shown = await page();
    expect(shown.get("[data-test=campaign-total]").text()).toContain("50");
    expect(shown.get("[data-test=campaign-cells]").text()).toContain("24%");
    expect(shown.find("[data-test=campaign-poster]").exists()).toBe(false);
  });

  it("is made when everything is said", async () => {
    const shown = await page();
    await shown.get("[data-test=campaign-new]").trigger("click");
    expect(shown.get("[data-test=campaign-submit]").attributes("disabled")).toBeDefined();
    const said = { name: "秋天的关怀", place: "xixing-company-1", entrance: "employee", from_day: "2026-11-23", to_day: "2026-11-29" };
    for (const [field, mark] of [["name", "name"], ["place", "place"], ["entrance", "entrance"], ["from_day", "from"], ["to_day", "to"]] as const)
      await shown.get(`[data-test=campaign-${mark}]`).setValue(said[field]);
    list.campaigns = [one({})];
    await shown.get("[data-test=campaign-form]").trigger("submit");
    await flushPromises();
    expect(sent.at(-1)).toEqual({ method: "POST", body: said });
    expect(shown.findAll("[data-test=campaign]")).toHaveLength(1);
  });
});
