const DOT = 0x2e;

/** Escapes in one line: three characters each, 73 with the soft break. */
const DOTS_A_LINE = 24;

/**
 * Makes dot-stuffing (RFC 5321 §4.5.2) unnecessary. Only quoted-printable lines can begin with a dot (field names, base64
 * and boundaries cannot). Each such dot is escaped on a line of its own (RFC 2045 §6.7).
 */
export function withoutLeadingDots(mail: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let kept = 0;
  for (let at = nextDotLine(mail, 0); at !== -1; at = nextDotLine(mail, kept)) {
    let end = at;
    while (mail[end] === DOT) end += 1;
    pieces.push(mail.subarray(kept, at), escapedDots(end - at));
    kept = end;
  }
  return pieces.length === 0 ? mail : Buffer.concat([...pieces, mail.subarray(kept)]);
}

function nextDotLine(mail: Buffer, from: number): number {
  if (from === 0 && mail[0] === DOT) return 0;
  const at = mail.indexOf('\n.', Math.max(0, from - 1));
  return at === -1 ? -1 : at + 1;
}

function escapedDots(count: number): Buffer {
  let text = '';
  for (let left = count; left > 0; left -= DOTS_A_LINE) text += `${'=2E'.repeat(Math.min(left, DOTS_A_LINE))}=\r\n`;
  return Buffer.from(text);
}
