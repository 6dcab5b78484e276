/** Enter sends; Shift+Enter is a new line; Enter that ends a word in an input method is neither. */
export function sendsOnKey(event: Pick<KeyboardEvent, "key" | "shiftKey" | "isComposing" | "keyCode">): boolean {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
}
