/** Short names for the shapes of the OpenAPI document; nothing is written down twice. */
import type { components } from "./schema";

type Shapes = components["schemas"];
export type Me = Shapes["Me"];
export type TicketRow = Shapes["TicketRow"];
export type TicketList = Shapes["TicketList"];
export type TicketDetail = Shapes["TicketDetail"];
export type ClockShown = Shapes["ClockShown"];
export type ReasonShown = Shapes["ReasonShown"];
export type TimelineEntry = Shapes["TimelineEntry"];
export type FollowUpShown = Shapes["FollowUpShown"];
export type IdentityShown = Shapes["IdentityShown"];
export type WordsShown = Shapes["WordsShown"];
export type ChatShown = Shapes["ChatShown"];
export type MessageShown = Shapes["MessageShown"];
export type DeskCallShown = Shapes["DeskCallShown"];
export type DistrictShown = Shapes["DistrictShown"];
export type HotlineShown = Shapes["HotlineShown"];
export type RecordCall = Shapes["RecordCall"];
export type RecordVisit = Shapes["RecordVisit"];
export type RecordReferral = Shapes["RecordReferral"];
export type RecordFollowUp = Shapes["RecordFollowUp"];
export type CloseTicket = Shapes["CloseTicket"];
export type Level = TicketRow["level"];
