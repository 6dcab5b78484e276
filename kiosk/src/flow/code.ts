/** One-time codes: twelve digits, the last of which checks the others (Damm), so that a slip never leaves the page. */
const DAMM = [
  "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
  "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
];

export function digitsOf(text: string): string {
  return text.normalize("NFKC").replace(/\D/g, "").slice(0, 12);
}

export function grouped(digits: string): string {
  return digits.replace(/(\d{4})(?=\d)/g, "$1 ");
}

export function checks(digits: string): boolean {
  if (!/^\d{12}$/.test(digits)) return false;
  let row = 0;
  for (const digit of digits) row = Number(DAMM[row]?.[Number(digit)]);
  return row === 0;
}

/** The code in the part of an address that no server sees, taken out of it at once. */
export function codeInAddress(): string | null {
  const digits = /^#(\d{12})$/.exec(location.hash)?.[1] ?? null;
  if (digits) history.replaceState(null, "", location.pathname);
  return digits;
}
