/** A longer character is cut. */
const LONGEST_GRAPHEME = 64;

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** At most `most` characters, cut between words where there are blanks and never inside a character or an emoji. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  let end = 0;
  for (const { segment } of graphemes.segment(text.slice(0, most + LONGEST_GRAPHEME))) {
    if (end + segment.length > most) break;
    end += segment.length;
  }
  const whole = text.slice(0, end);
  const blank = whole.lastIndexOf(' ');
  const isBetween = /^\s/.test(text.slice(end, end + 1));
  const kept = isBetween || blank < most / 2 ? whole : whole.slice(0, blank);
  return `${kept.trimEnd()} …`;
}
