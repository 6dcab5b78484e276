/** The words on the chips of looking after people. */
import type { AddContact } from "../api/types";
import type { Choice } from "./forms";

export const CHANNELS: Choice<string>[] = [
  { value: "sms", label: "短信" },
  { value: "mail", label: "邮件" },
  { value: "dingtalk", label: "钉钉机器人" },
  { value: "wecom", label: "企业微信机器人" },
  { value: "webhook", label: "通知网关" },
];
export const AUDIENCES: Choice<NonNullable<AddContact["audience"]>>[] = [
  { value: "office", label: "值班的通知" },
  { value: "supervisor", label: "负责人的通知" },
  { value: "district_desk", label: "区值班台的通知" },
];
