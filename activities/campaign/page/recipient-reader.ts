import { monotonic } from '../../../clock.js';
import { type LedgerPage, leftSinceFreeze } from '../../../domain/campaign/ledger-page.js';
import { KNOWN_DEFERRING_DOMAIN } from '../../../domain/delivery/blame.js';
import type { Fate } from '../../../domain/delivery/outcome.js';
import {
  BAD_DOMAIN,
  type BadDomainRefusal,
  decideForBadDomain,
  domainOf,
  KNOWN_BAD_DOMAIN,
} from '../../../domain/delivery/suppression.js';
import type { Subscribers } from '../../../store/subscribers/subscribers.js';
import type { Suppressions } from '../../../store/suppressions/suppressions.js';
import type { DeferringDomains, DomainHold } from '../deferring-domains.js';

export interface RecipientReaderDeps {
  readonly subscribers: Subscribers;
  readonly suppressions: Suppressions;
  readonly deferringDomains: Pick<DeferringDomains, 'holdOf'>;
  /** Rows and suppressions may be this old, in milliseconds, when their window is claimed. */
  readonly freshness: number;
  /** When a further round began: it tries the recipients again that a known bad domain deferred. Undefined in the first. */
  readonly roundStart?: Date | undefined;
  /** When the campaign's audience was frozen. */
  readonly frozenAt?: Date | undefined;
}

export type Sendable = Awaited<ReturnType<Subscribers['forSending']>>[number];

/** The next recipient in line: mail them, or skip them with a fate. */
export type Candidate =
  | { readonly i: number; readonly subscriber: Sendable }
  | { readonly i: number; readonly skip: Exclude<Fate, { kind: 'sent' }> };

export type RecipientReader = ReturnType<typeof openRecipientReader>;

/** Reads the subscribers of a page and their suppressions, always fresh enough for the claim that follows. */
export function openRecipientReader(deps: RecipientReaderDeps, page: LedgerPage) {
  let rows = new Map<number, Sendable>();
  let suppressed = new Set<string>();
  let bad: ReadonlyMap<string, BadDomainRefusal> = new Map();
  let from = 0;
  let to = 0;
  let readAt = Number.NEGATIVE_INFINITY;

  const read = async (start: number, count: number): Promise<void> => {
    const ids = page.ids.slice(start, start + count);
    const at = monotonic();
    const found = await deps.subscribers.forSending(page.account, [...ids]);
    const keys = found.map((row) => row.email_key);
    [suppressed, bad] = await Promise.all([
      deps.suppressions.among(page.account, keys),
      deps.suppressions.badDomainsAmong(page.account, keys.map(domainOf)),
    ]);
    rows = new Map(found.map((row) => [row._id, row]));
    [from, to, readAt] = [start, start + ids.length, at];
  };

  return {
    /** Whether the last read is recent enough for a claim. */
    isFresh: (): boolean => monotonic() - readAt <= deps.freshness,

    /**
     * The next `count` recipients from index `start`. Reads `ahead` recipients at once where the buffer is too old or
     * too short: as many as can be sent within the freshness.
     */
    next: async (start: number, count: number, ahead: number): Promise<Candidate[]> => {
      const end = Math.min(page.n, start + count);
      const stale = monotonic() - readAt > deps.freshness * 0.8;
      if (stale || start < from || end > to) await read(start, Math.max(count, ahead));
      const holdOf = (domain: string) => deps.deferringDomains.holdOf(page.account, domain);
      const exclusions = { ...deps, suppressed, bad, holdOf };
      return page.ids.slice(start, end).map((id, offset) => candidate(start + offset, rows.get(id), exclusions));
    },
  };
}

interface Exclusions {
  readonly suppressed: ReadonlySet<string>;
  /** Domains that accept no mail, with the refusal of each. */
  readonly bad: ReadonlyMap<string, BadDomainRefusal>;
  readonly roundStart?: Date | undefined;
  readonly frozenAt?: Date | undefined;
  readonly holdOf: (domain: string) => DomainHold | undefined;
}

function candidate(i: number, row: Sendable | undefined, exclusions: Exclusions): Candidate {
  const { suppressed, bad, roundStart, frozenAt, holdOf } = exclusions;
  const skip = leftSinceFreeze(row, row !== undefined && suppressed.has(row.email_key), frozenAt);
  if (skip !== undefined || row === undefined) return { i, skip: skip ?? gone(i) };
  const domain = domainOf(row.email_key);
  const hold = holdOf(domain);
  if (hold !== undefined) return { i, skip: held(hold) };
  const memory = bad.get(domain);
  const meaning = memory === undefined ? 'attempt' : decideForBadDomain(memory, roundStart);
  if (memory === undefined || meaning === 'attempt') return { i, subscriber: row };
  return { i, skip: unreachable(meaning, memory.reply) };
}

/** The fate that another recipient of this domain got, without a connection. */
function unreachable(kind: 'deferred' | 'failed', reply: string | null): Exclude<Fate, { kind: 'sent' }> {
  return { kind, class: BAD_DOMAIN, scope: 'domain', code: null, reply, rule: KNOWN_BAD_DOMAIN };
}

/** The domain defers mail at the moment: its recipients wait for the next round, without a connection. */
function held({ class: reason, reply }: DomainHold): Exclude<Fate, { kind: 'sent' }> {
  return { kind: 'deferred', class: reason, scope: 'domain', code: null, reply, rule: KNOWN_DEFERRING_DOMAIN };
}

function gone(i: number): never {
  throw new Error(`index ${i} has neither a subscriber nor a reason to skip`);
}
