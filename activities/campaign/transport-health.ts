import { isTransportFailure, serverAnswered } from '../../domain/campaign/ledger-page.js';
import type { HoldReason } from '../../domain/campaign/reasons.js';
import { isPerhapsOfDomain, isRateRefusal, isServerRefusal } from '../../domain/delivery/blame.js';
import type { Fate } from '../../domain/delivery/outcome.js';
import type { DeferringDomains } from './deferring-domains.js';

export interface SeenFate {
  readonly fate: Fate;
  /** Of the recipient; undefined if it is not known. */
  readonly domain: string | undefined;
  /** The wait that the reply asked for, in milliseconds. */
  readonly delay: number | undefined;
}

export interface TransportHealthOptions {
  readonly probe: boolean;
  readonly account: number;
  readonly share: () => number;
  readonly domains: DeferringDomains;
  /** Called with each reply that shows that mail flows. */
  readonly flows?: () => void;
}

/** Why an attempt claims no more mail. */
export interface Trouble {
  readonly reason: HoldReason;
  /** Milliseconds that the server asked for; null if it named no time. */
  readonly ms: number | null;
  /** The last reply of the server, or the error of the connection. */
  readonly detail: string | null;
}

const SERVER_REASONS: Readonly<Record<string, HoldReason>> = {
  quota_exceeded: 'server_quota_exceeded',
  system_full: 'server_full',
};

/**
 * Whether an attempt may go on. A quota or a full server ends the claiming at its first reply. A window of failures in a row
 * ends it too, if they are of several domains or of the connection; failures of one domain hold only that domain. The next
 * attempt after an end begins with a probe, a window of one. A server that limits the rate gets a smaller window.
 */
export function transportHealth({ probe, account, share, domains, flows = () => undefined }: TransportHealthOptions) {
  let proven = !probe;
  let trouble: Trouble | undefined;
  let blames = 0;
  const blamed = new Set<string | undefined>();
  /** Grows by one with each accepted mail, and is halved by a refusal because of the rate. */
  let congestion = probe ? 1 : Number.POSITIVE_INFINITY;

  const window = () => Math.max(1, Math.min(share(), Math.floor(congestion)));
  const stop = (reason: HoldReason, { fate, delay }: SeenFate): void => {
    trouble = { reason, ms: Math.max(delay ?? 0, trouble?.ms ?? 0) || null, detail: fate.reply ?? null };
  };
  const blame = (seen: SeenFate): void => {
    const { fate, domain, delay } = seen;
    const isOfDomain = domain !== undefined && isPerhapsOfDomain(fate);
    blames += 1;
    blamed.add(isOfDomain ? domain : undefined);
    const isEnough = blames >= (proven ? window() : 1);
    const onlyDomain = blamed.size === 1 && isOfDomain && fate.kind === 'deferred';
    if (onlyDomain && (isEnough || domains.isSuspect(account, domain))) {
      domains.hold(account, domain, { reply: fate.reply, class: fate.class }, delay);
    } else if (isEnough && isRateRefusal(fate)) stop('server_rate_limited', seen);
    else if (isEnough) trouble ??= troubleOf(fate);
  };

  return {
    /** How many mails may be in flight. */
    window: () => (proven ? window() : 1),
    transportDown: () => trouble !== undefined,
    /** Why the attempt has stopped; undefined while it may go on. */
    trouble: () => trouble,
    /** No connection could be opened. */
    markTransportDown: (detail: string) => {
      trouble ??= { ...UNAVAILABLE, detail };
    },
    /** Fates without a reply of a server, such as those of skipped recipients, say nothing. */
    recordFate: (seen: SeenFate): void => {
      const { fate, domain } = seen;
      if (!serverAnswered(fate)) return;
      if (isServerRefusal(fate) && fate.kind === 'deferred') {
        stop(SERVER_REASONS[fate.class] ?? 'transport_unavailable', seen);
        return;
      }
      if (isRateRefusal(fate)) congestion = Math.max(1, Math.min(congestion, share()) / 2);
      if (isTransportFailure(fate)) {
        blame(seen);
        return;
      }
      proven = true;
      flows();
      blames = 0;
      blamed.clear();
      congestion += 1;
      if (domain !== undefined && fate.kind === 'sent') domains.release(account, domain);
    },
  };
}

const UNAVAILABLE = { reason: 'transport_unavailable', ms: null } as const;

function troubleOf(fate: Fate): Trouble {
  return { ...UNAVAILABLE, detail: fate.reply ?? null };
}
