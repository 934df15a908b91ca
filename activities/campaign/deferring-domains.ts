import { monotonic } from '../../clock.js';

/** Why a domain that defers mail is held. */
export interface DomainHold {
  /** The reply, addresses scrubbed. */
  readonly reply: string | null;
  readonly class: string;
}

interface Entry extends DomainHold {
  until: number;
  /** Holds in a row. */
  holds: number;
}

const LONGEST_FACTOR = 30;
const MOST = 10_000;

export type DeferringDomains = ReturnType<typeof deferringDomains>;

/**
 * Domains that have deferred a whole window of mail, by account, in the memory of this process. Their recipients are
 * deferred without a connection while others are mailed. `first`: milliseconds of the first hold; each further one
 * doubles it, up to thirty times.
 */
export function deferringDomains(first: number) {
  const entries = new Map<string, Entry>();
  const keyOf = (account: number, domain: string) => `${account}:${domain}`;
  return {
    /** The hold of a domain; undefined if mail may be attempted. */
    holdOf: (account: number, domain: string): DomainHold | undefined => {
      if (entries.size === 0) return undefined;
      const entry = entries.get(keyOf(account, domain));
      return entry !== undefined && entry.until > monotonic() ? entry : undefined;
    },
    /** Whether the domain was held before, and no mail was accepted since. */
    isSuspect: (account: number, domain: string): boolean => entries.has(keyOf(account, domain)),
    /** `wait`: what the domain asked for, in milliseconds. */
    hold: (account: number, domain: string, why: DomainHold, wait = 0): void => {
      const key = keyOf(account, domain);
      const known = entries.get(key);
      if (known !== undefined && known.until > monotonic()) return;
      const holds = (known?.holds ?? 0) + 1;
      const own = first * Math.min(2 ** (holds - 1), LONGEST_FACTOR);
      if (entries.size >= MOST) entries.delete(entries.keys().next().value ?? '');
      entries.set(key, { ...why, holds, until: monotonic() + Math.max(own, wait) });
    },
    release: (account: number, domain: string): void => {
      if (entries.size > 0) entries.delete(keyOf(account, domain));
    },
  };
}
