/** A spreadsheet runs a cell that begins like this as a formula. A cell stays risky behind an apostrophe. */
const RISKY = /^['\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]|^'*[\t\r\n]/u;

/** The cell as text for a spreadsheet: with an apostrophe before what looks like a formula. */
export function guarded(cell: string): string {
  return RISKY.test(cell) ? `'${cell}` : cell;
}

/** The reverse of `guarded`, for every cell. */
export function unguarded(cell: string): string {
  return cell.startsWith("'") && RISKY.test(cell.slice(1)) ? cell.slice(1) : cell;
}

/** A text that may be missing: an empty text is an apostrophe, and a missing one an empty cell. */
export function guardedText(text: string | null): string {
  if (text === null) return '';
  return /^'*$/.test(text) ? `'${text}` : guarded(text);
}

/** The reverse of `guardedText`. */
export function unguardedText(cell: string): string | null {
  if (cell === '') return null;
  return /^'+$/.test(cell) ? cell.slice(1) : unguarded(cell);
}
