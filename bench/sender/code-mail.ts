import { randomInt } from 'node:crypto';

const CODES = 1_000_000;

/** A small transactional mail. Its code is in both of its texts, so that mails do not share their content. */
export function codeMail() {
  const code = String(randomInt(CODES)).padStart(6, '0');
  return {
    from: 'codes@example.test',
    subject: `${code} is your code`,
    text: `Hello,\n\nyour code is ${code}. It is valid for ten minutes.\n\nIf you did not ask for it, ignore this mail.\n`,
    html: `<p>Hello,</p>\n<p>your code is <strong>${code}</strong>. It is valid for ten minutes.</p>\n<p>If you did not ask for it, ignore this mail.</p>\n`,
  };
}
