import { scrubbed } from './delivery/scrub.js';

/** Bytes of a name in a summary. Temporal advises at most 200 for the whole summary and refuses more than 400. */
const NAME_BYTES = 120;
/** Characters that the Temporal UI would read as Markdown: links, images, HTML, code and emphasis; not the `_` inside a word. */
const MARKDOWN = /[\\`*[\]<]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
/** Line and paragraph separators, halves of characters, and characters that change the direction of the text around them. */
const INVISIBLE = /[\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Seconds are shown where less than this is left; milliseconds. */
const SECONDS_COUNT = 3_600_000;

/**
 * A name that accounts have chosen, such as a subject, as one short line of Markdown for the Temporal UI: without addresses and
 * control characters, and so that nothing in it becomes a link, an image or HTML.
 */
export function nameForOperators(text: string): string {
  const line = scrubbed(text.replace(INVISIBLE, ''));
  const escaped = (kept: string) => kept.replace(MARKDOWN, '\\$&');
  const whole = escaped(line);
  if (bytesOf(whole) <= NAME_BYTES) return whole;
  let kept = '';
  for (const character of line) {
    if (bytesOf(escaped(kept + character)) > NAME_BYTES - ELLIPSIS_BYTES) break;
    kept += character;
  }
  return `${escaped(kept.trimEnd())}…`;
}

const ELLIPSIS_BYTES = 3;

/** Bytes in UTF-8; the workflow sandbox has no `Buffer`. */
function bytesOf(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** `1 Jan 09:00 UTC`; with the year where it is another one than that of `now`, with seconds where less than an hour is left. */
export function timeForOperators(time: Date, now: Date): string {
  const [date = '', clock = ''] = time.toISOString().split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  const sameYear = year === now.toISOString().slice(0, year.length);
  const isSoon = Math.abs(time.getTime() - now.getTime()) < SECONDS_COUNT;
  const shownYear = sameYear ? '' : ` ${Number(year)}`;
  return `${Number(day)} ${MONTHS[Number(month) - 1]}${shownYear} ${clock.slice(0, isSoon ? 8 : 5)} UTC`;
}
