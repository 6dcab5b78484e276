/** Who is logged in here, and what the district is. Nothing of it is stored in the browser. */
import { reactive } from "vue";
import { api, ask, rememberHotlines, speakFor, whenExpired, type Refusal } from "../api/client";
import type { DistrictShown, Me } from "../api/types";
import { drafts } from "./drafts";
import { lock, sendKept } from "./kept";

interface Session {
  /** `second`: the password was right, and a second factor is still wanted. */
  state: "asking" | "out" | "second" | "in";
  me: Me | null;
  /** Why the login page is shown, when that needs a word. */
  why: string | null;
  district: DistrictShown | null;
}

export const session = reactive<Session>({ state: "asking", me: null, why: null, district: null });

whenExpired((another) => {
  if (session.state === "in" || another) {
    const what = another ? "这个浏览器里换了另一位同事登录" : "登录已过期";
    session.why = drafts.any ? `${what}。您刚才写的内容还在，重新登录后接着写就行。` : `${what}，请重新登录。`;
  }
  leave();
});

/** Find out where we stand: is there a session already, and is this the demo district. */
export async function arrive(): Promise<void> {
  const [me, district] = await Promise.all([
    ask(api.GET("/api/staff/me"), true),
    ask(api.GET("/api/district", { params: { query: {} } }), true),
  ]);
  if (district.ok) {
    session.district = district.data;
    rememberHotlines(district.data.hotlines);
  }
  if (me.ok) enter(me.data);
  else {
    session.state = "out";
    if (me.refusal.kind === "unreachable") session.why = "暂时连不上服务器，请稍后再登录。急事请直接打电话。";
  }
}

/** Log in; on refusal, the server's own sentence, which says nothing about whether the account exists. */
export async function login(username: string, password: string): Promise<Refusal | null> {
  const answer = await ask(api.POST("/api/staff/login", { body: { username, password } }), true);
  if (!answer.ok) return answer.refusal;
  enter(answer.data);
  return null;
}

export async function logout(): Promise<Refusal | null> {
  const answer = await ask(api.POST("/api/staff/logout"));
  if (!answer.ok && answer.refusal.kind !== "expired") return answer.refusal;
  drafts.clear();
  session.me = null;
  const another = !answer.ok && answer.refusal.status === 409;
  session.why = another ? "这个浏览器里登录着另一位同事，没有替他退出。" : "已退出登录。";
  leave();
  return null;
}

function enter(me: Me): void {
  speakFor(me.person);
  lock();
  drafts.belongTo(me.username);
  session.me = me;
  session.why = null;
  session.state = me.second === "to_bind" || me.second === "to_give" ? "second" : "in";
  if (session.state === "in") void sendKept();
}

function leave(): void {
  speakFor(null);
  lock();
  session.state = "out";
}

/** The second factor was given: the pages open. */
export function secondGiven(): void {
  if (session.me) enter({ ...session.me, second: "given" });
}
