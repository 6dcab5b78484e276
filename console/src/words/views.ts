/** The saved views of the list, in the order of the tabs. */
export const VIEWS = ["open", "mine", "due", "overdue", "follow_up", "closed"] as const;
export type View = (typeof VIEWS)[number];
