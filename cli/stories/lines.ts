/** Replies and subjects are foreign text: control characters would steer the terminal. */
function printable(line: string): string {
  return line.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]+/gu, ' ');
}

/** A title and lines below it; nothing where there are none. */
export function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

/** `2026-05-15 09:00:12 UTC` */
export function exact(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC`;
}

/** `1 message`, `2 messages` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Prints an answer: as JSON, or as the lines of its story. */
export function print(answer: object, story: readonly string[], json: boolean): void {
  if (json) console.log(JSON.stringify(answer, null, 2));
  else for (const line of story) console.log(printable(line));
}
