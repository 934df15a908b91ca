import type { SubscriberStatus } from './subscriber.js';

/** Life of a request with double opt-in: `requested → open → confirmed | expired | closed`. */
export type ConfirmationState = 'requested' | 'open' | 'confirmed' | 'expired' | 'closed';

const HOUR = 3_600_000;

export const CONFIRMATION_TIMES = {
  /** The one reminder, counted from the request. */
  remindAfter: 24 * HOUR,
  /** The link is invalid afterwards. */
  expireAfter: 7 * 24 * HOUR,
  /** An ended request is stored this long, so that its link still gets an explanation. */
  keptFor: 30 * 24 * HOUR,
} as const;

export type ConfirmationTimes = Readonly<Record<keyof typeof CONFIRMATION_TIMES, number>>;

/** The reason why a request ends without a mail. The response does not reveal it: it is the same for every address. */
export type NoConfirmationReason = 'subscribed' | 'already_requested' | 'suppressed' | 'over_cap';

/** The reason not to ask for a confirmation, from the person's row if there is one; undefined: ask. */
export function reasonNotToConfirm(
  status: SubscriberStatus | undefined,
  { suppressed, requested }: { readonly suppressed: boolean; readonly requested: boolean },
): NoConfirmationReason | undefined {
  if (suppressed || status === 'bounced' || status === 'complained') return 'suppressed';
  if (status === 'active') return 'subscribed';
  return status === 'pending' && requested ? 'already_requested' : undefined;
}

/** When and from where a person agreed to receive mail; stored with the row as evidence. */
export interface Consent {
  /** `form`, `page` or `api`. */
  readonly source: string;
  readonly ip: string | null;
  readonly at: Date;
  readonly confirmed_ip: string | null;
  readonly confirmed_at: Date | null;
}

/** The unit that rate limits count: an IPv4 address, or the /64 within which an IPv6 visitor can choose addresses. */
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

/** The postal address of the company behind a list, line by line; empty if unknown. */
export function postalAddressOf({ address_1, address_2, zip_code, city, zone, country }: CompanyAddress): string {
  const town = [zip_code, city].filter(Boolean).join(' ');
  return [address_1, address_2, town, zone, country].filter(Boolean).join('\n');
}
