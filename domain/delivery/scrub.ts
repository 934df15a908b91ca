/** Longest stored reply, in characters. */
const LONGEST_REPLY = 120;
/** Longer replies are cut before they are scrubbed. */
const READ_AT_MOST = 2_000;

/** Anything with an `@` in it, quoted or not: replies and error texts are stored without addresses. */
const ADDRESS = /"[^"]{1,128}"@[^\s<>"',;:()[\]]+|[^\s<>"',;:()[\]=]{1,256}@[^\s<>"',;:()[\]]+/g;

/** One line without addresses and control characters. */
export function scrubbed(text: string): string {
  if (/^[!-?A-~]+(?: [!-?A-~]+)*$/.test(text) && text.length <= READ_AT_MOST) return text;
  return text
    .slice(0, READ_AT_MOST)
    .replace(/\p{Cc}+/gu, ' ')
    .replace(ADDRESS, '…')
    .replace(/ {2,}/g, ' ')
    .trim();
}

/** The stored form: scrubbed and at most 120 characters. */
export function shortReply(text: string): string {
  const clean = scrubbed(text);
  return clean.length <= LONGEST_REPLY ? clean : `${clean.slice(0, LONGEST_REPLY - 1)}…`;
}
