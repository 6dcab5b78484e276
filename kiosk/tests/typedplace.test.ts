import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, describe, expect, it, vi } from "vitest";
import FirstScreen from "../src/pages/FirstScreen.vue";
import TypedPlace from "../src/parts/TypedPlace.vue";

const answers = (status: number, body: unknown) => vi.fn(async () => new Response(JSON.stringify(body), { status }));

async function typed(digits: string) {
  const page = mount(TypedPlace);
  await page.get("[data-test=typed-place]").setValue(digits);
  await page.get("form").trigger("submit");
  await flushPromises();
  return page;
}

describe("the eight digits of a poster", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("open the same page as its picture, however they are written", async () => {
    const asked = answers(200, { place: "puyan-hall.binjiang.8n1k.sig", name: "浦沿街道便民服务中心" });
    const assign = vi.fn();
    vi.stubGlobal("fetch", asked);
    vi.stubGlobal("location", { ...location, assign });
    await typed("１２３４ 5678");
    expect(asked).toHaveBeenCalledWith("/api/places/typed", expect.objectContaining({ method: "POST", body: '{"code":"12345678"}' }));
    expect(assign).toHaveBeenCalledWith("/q/puyan-hall.binjiang.8n1k.sig");
  });

  it("that are nobody's say so, and that one may talk all the same", async () => {
    vi.stubGlobal("fetch", answers(200, { place: null, name: null }));
    expect((await typed("12345678")).get("[data-test=typed-place-said]").text()).toContain("不填也可以直接聊");
  });

  it("are not sent before there are eight", async () => {
    const asked = answers(200, { place: null });
    vi.stubGlobal("fetch", asked);
    await typed("1234567");
    expect(asked).not.toHaveBeenCalled();
  });

  it("are asked of nobody at a kiosk, or who has scanned", () => {
    const props = { district: null, hotlines: [], busy: false, away: false };
    const has = (more: object) => mount(FirstScreen, { props: { ...props, ...more } }).find("[data-test=typed-place-open]").exists();
    expect(has({})).toBe(true);
    expect(has({ kiosk: true })).toBe(false);
    expect(has({ district: { district: "滨江区", place: "浦沿街道便民服务中心" } })).toBe(false);
  });
});
