/** Which of the shells a path asks for. Paths carry a place or a ticket code, never anything about a person. */
export type Shell =
  | { kind: "phone"; place: string | null }
  | { kind: "kiosk"; place: string | null }
  | { kind: "progress"; code: string };

function piece(text: string | undefined): string | null {
  if (!text) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Read a path. Whatever is not known is the phone's first screen, so that nobody meets an empty page. */
export function readShell(path: string): Shell {
  const [head, tail] = path.split("/").filter(Boolean);
  if (head === "kiosk") return { kind: "kiosk", place: piece(tail) };
  if (head === "t" && tail) return { kind: "progress", code: piece(tail) ?? tail };
  return { kind: "phone", place: head === "q" ? piece(tail) : null };
}
