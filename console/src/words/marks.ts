/** Where a rule was raised in a resident's words. Plain pieces of text: the page escapes them, always. */
export interface Piece {
  text: string;
  marked: boolean;
}

/**
 * Cut a text at the server's spans. They count characters as Python does, so an emoji is one.
 * Spans that overlap, stand in the wrong order or reach outside are put right, never dropped with the text.
 */
export function pieces(text: string, spans: readonly (readonly number[])[]): Piece[] {
  const letters = Array.from(text);
  const marked = new Array<boolean>(letters.length).fill(false);
  for (const [from = 0, to = 0] of spans) {
    for (let i = Math.max(0, from); i < Math.min(letters.length, to); i++) marked[i] = true;
  }
  const cut: Piece[] = [];
  letters.forEach((letter, i) => {
    const last = cut.at(-1);
    if (last && last.marked === marked[i]) last.text += letter;
    else cut.push({ text: letter, marked: marked[i] ?? false });
  });
  return cut;
}
