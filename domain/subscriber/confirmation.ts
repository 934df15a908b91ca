import type { SubscriberStatus } from './subscriber.js';

/** Life of a request to be put on a list that asks back: `requested → open → confirmed | expired | closed`. */
export type ConfirmationState = 'requested' | 'open' | 'confirmed' | 'expired' | 'closed';

const HOUR = 3_600_000;

export const CONFIRMATION_TIMES = {
  /** The one reminder, counted from the request. */
  remindAfter: 24 * HOUR,
  /** The link is worth nothing afterwards. */
  expireAfter: 7 * 24 * HOUR,
  /** A row that has come to its end is kept this long, so that its link can still be explained. */
  keptFor: 30 * 24 * HOUR,
} as const;

export type ConfirmationTimes = Readonly<Record<keyof typeof CONFIRMATION_TIMES, number>>;

/** Why a request ends without a mail. Whoever asked is not told: their answer is the same whoever they named. */
export type NoConfirmationReason = 'subscribed' | 'already_requested' | 'suppressed' | 'over_cap';

/** What a person's row, if there is one, means for a request; undefined: they are asked. */
export function reasonNotToConfirm(
  status: SubscriberStatus | undefined,
  { suppressed, requested }: { readonly suppressed: boolean; readonly requested: boolean },
): NoConfirmationReason | undefined {
  if (suppressed || status === 'bounced' || status === 'complained') return 'suppressed';
  if (status === 'active') return 'subscribed';
  return status === 'pending' && requested ? 'already_requested' : undefined;
}

/** When and from where somebody agreed to get mails; kept with the row as evidence. */
export interface Consent {
  /** `form`, `page` or `api`. */
  readonly source: string;
  readonly ip: string | null;
  readonly at: Date;
  readonly confirmed_ip: string | null;
  readonly confirmed_at: Date | null;
}

/** Who counts as one visitor: an IPv4 address, or the /64 that an IPv6 visitor may choose from at will. */
export function visitorOf(ip: string): string {
  const address = ip
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, '')
    .replace(/%.*$/, '');
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const before = head.split(':').filter(Boolean);
  const after = (tail ?? '').split(':').filter(Boolean);
  const gap = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: gap }, () => '0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

interface CompanyAddress {
  readonly address_1: string | null;
  readonly address_2: string | null;
  readonly zip_code: string | null;
  readonly city: string | null;
  readonly zone: string | null;
  readonly country: string | null;
}

/** Where the company behind a list sits, line by line; empty where nobody has said it. */
export function postalAddressOf({ address_1, address_2, zip_code, city, zone, country }: CompanyAddress): string {
  const town = [zip_code, city].filter(Boolean).join(' ');
  return [address_1, address_2, town, zone, country].filter(Boolean).join('\n');
}
