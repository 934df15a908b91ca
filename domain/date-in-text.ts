/** Zones that texts name and that the platform does not read, in hours. */
const ZONES: Readonly<Record<string, string>> = {
  BST: '+0100',
  WEST: '+0100',
  CET: '+0100',
  CEST: '+0200',
  EET: '+0200',
  EEST: '+0300',
  MSK: '+0300',
  IST: '+0530',
  JST: '+0900',
  AEST: '+1000',
  AEDT: '+1100',
};

/** RFC 822 or ISO 8601, also with the usual mistakes. A date without a zone is in UTC. */
export function dateIn(text: string): Date | undefined {
  const plain = text.trim().replace(/\s+/g, ' ').slice(0, 100);
  if (!/\d/.test(plain)) return undefined;
  const zoned = plain.replace(/ ([A-Z]{3,4})$/, (whole, zone: string) => (zone in ZONES ? ` ${ZONES[zone]}` : whole));
  const iso = zoned.replace(/^(\d{4}-\d{2}-\d{2}) (\d[\d:.]*) ?/, '$1T$2');
  const hasZone = /\d:\d.*(?:[+-]\d{2}:?\d{2}|Z|\b[A-Z]{2,4})$/i.test(iso) || /^\d{4}-\d{2}(?:-\d{2})?$/.test(iso);
  const candidates = hasZone ? [iso] : [`${iso}Z`, `${iso} GMT`];
  // An unknown zone, or a wrong day of the week, which readers ignore.
  const lenient = iso.replace(/^[\p{L}.]+,? /u, '').replace(/ [A-Z]+$/, '');
  return [...candidates, `${lenient} GMT`].map((one) => new Date(one)).find((date) => !Number.isNaN(date.getTime()));
}
