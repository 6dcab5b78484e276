/** The wall screen's way to the server: somebody's session, or the key of an unattended screen. */
import { api, ask, type Answer } from "../api/client";
import type { components } from "../api/schema";

type Shapes = components["schemas"];
export type Board = Shapes["Board"];
export type BoardCell = Shapes["BoardCell"];
export type BoardStreet = Shapes["BoardStreet"];
export type BoardColour = Shapes["BoardColour"];
export type BoardMap = Shapes["BoardMap"];

/** The key stands behind the # of the screen's own bookmark: no browser sends that part to anybody. */
export function wallKey(): string {
  return new URLSearchParams(window.location.hash.slice(1)).get("key") ?? "";
}

const shown = (): { headers: Record<string, string> } => (wallKey() ? { headers: { "X-Wall-Key": wallKey() } } : { headers: {} });
const byKey = (): boolean => wallKey() !== "";

export const readBoard = (): Promise<Answer<Board>> => ask(api.GET("/api/board", shown()), byKey());
export const readMap = (): Promise<Answer<BoardMap>> => ask(api.GET("/api/board/map", shown()), byKey());

/** "11月16日" */
export const day = (text: string): string => `${Number(text.slice(5, 7))}月${Number(text.slice(8, 10))}日`;
