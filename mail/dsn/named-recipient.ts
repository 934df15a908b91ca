import type { Address, Email } from 'postal-mime';

const ADDRESS = /[^\s<>()"',;:[\]=|]{1,128}@[a-z0-9\u0080-\uffff][\w\u0080-\uffff.-]{0,252}/gi;
/** Addresses of mail systems and their help desks, and our own return paths. */
const NOT_A_RECIPIENT =
  /^(?:postmaster|mailer-?daemon|abuse|support|help(?:desk)?|admin(?:istrator)?|noc|hostmaster|b\+[a-z2-7.]{20,}|u\+[\w.-]{20,})@/i;
const ABOUT_OTHERS =
  /^\s*(?:from|sender|return-path|reply-to|message-?id|references|in-reply-to|reporting-mta|subject|envelope from|cc)\b[^:]{0,20}:|\b(?:contact|write to|e-?mail us|forward(?:ed)? this|questions|assistance|further help)\b|\bmessage-?id\b|\bmail from:/i;

/** Where a report names its recipient, the most certain place first. */
const PLACES: readonly ((line: string) => string[])[] = [
  // A line that begins with an address, or has nothing else: qmail, Postfix, Exim, Sendmail.
  (line) =>
    matches(
      /^[\s>*-]{0,20}(?:\d{1,2}[.)] )?<?([^\s<>()"',;:[\]=|]{1,128}@[^\s<>()"',;:[\]=|]{1,253})>?[:,.;]?(?:\s|$)/i,
      line,
    ),
  (line) => matches(/\brcpt to:\s{0,3}<?([^\s<>()"',;:[\]=|]{1,128}@[^\s<>()"',;:[\]=|]{1,253})>?/i, line),
  (line) =>
    matches(
      /\b(?:recipients?|address(?:ee)?|to|for|user|mailbox|account)\b\s{0,3}:?\s{0,5}["'<(]{0,2}([^\s<>()"',;:[\]=|]{1,128}@[^\s<>()"',;:[\]=|]{1,253})/i,
      line,
    ),
  (line) => (ABOUT_OTHERS.test(line) ? [] : (line.match(ADDRESS) ?? [])),
];

/** Chinese and Japanese reports put addresses between signs that look like brackets and commas. */
const WIDE_SIGNS = /[\u3000-\u303f\uff01-\uff0f\uff1a-\uff1f\uff3b-\uff3d\uff5b-\uff65]/g;

/** The one recipient that a report in free text names; undefined if it names none or several. */
export function namedRecipient(mail: Email, lines: readonly string[]): string | undefined {
  const excluded = new Set([...addressesOf(mail.to), ...addressesOf(mail.from ? [mail.from] : [])]);
  const only = (found: readonly string[]): string[] => {
    const clean = found.map((address) => address.replace(/[.>]+$/, '').toLowerCase());
    return [...new Set(clean)].filter((address) => !excluded.has(address) && !NOT_A_RECIPIENT.test(address));
  };
  const failed = mail.headers
    .filter(({ key }) => key === 'x-failed-recipients')
    .map(({ value }) => value.slice(0, 2_000));
  const inHeader = only(failed.flatMap((value) => value.match(ADDRESS) ?? []));
  if (inHeader.length > 0) return inHeader.length === 1 ? inHeader[0] : undefined;
  const written = lines.filter((line) => line.includes('@')).map((line) => line.replace(WIDE_SIGNS, ' '));
  for (const place of PLACES) {
    const named = only(written.flatMap(place));
    if (named.length > 0) return named.length === 1 ? named[0] : undefined;
  }
  return undefined;
}

function matches(pattern: RegExp, line: string): string[] {
  const found = pattern.exec(line)?.[1];
  return found === undefined || ABOUT_OTHERS.test(line) ? [] : [found];
}

function addressesOf(addresses: readonly Address[] | undefined): string[] {
  return (addresses ?? []).flatMap((one) => ('address' in one && one.address ? [one.address.toLowerCase()] : []));
}
