import { isTransportFailure, serverAnswered } from '../../domain/campaign/ledger-page.js';
import { isPerhapsOfDomain, isRateRefusal, isServerRefusal } from '../../domain/delivery/blame.js';
import type { Fate } from '../../domain/delivery/outcome.js';
import type { LaneWait } from '../../workflows/messages/campaign.js';
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
}

/**
 * Whether an attempt may go on. A quota or a full server ends the claiming at its first reply. A window of failures in a row
 * ends it too, if they are of several domains or of the connection; failures of one domain hold only that domain. The next
 * attempt after an end begins with a probe, a window of one. A server that limits the rate gets a smaller window.
 */
export function transportHealth({ probe, account, share, domains }: TransportHealthOptions) {
  let proven = !probe;
  let down = false;
  let wait: LaneWait | undefined;
  let blames = 0;
  const blamed = new Set<string | undefined>();
  /** Grows by one with each accepted mail, and is halved by a refusal because of the rate. */
  let congestion = probe ? 1 : Number.POSITIVE_INFINITY;

  const window = () => Math.max(1, Math.min(share(), Math.floor(congestion)));
  const stop = (reason: LaneWait['reason'], delay: number | undefined) => {
    down = true;
    wait = { reason, ms: Math.max(delay ?? 0, wait?.ms ?? 0) || null };
  };
  const blame = ({ fate, domain, delay }: SeenFate): void => {
    const isOfDomain = domain !== undefined && isPerhapsOfDomain(fate);
    blames += 1;
    blamed.add(isOfDomain ? domain : undefined);
    const isEnough = blames >= (proven ? window() : 1);
    const onlyDomain = blamed.size === 1 && isOfDomain && fate.kind === 'deferred';
    if (onlyDomain && (isEnough || domains.isSuspect(account, domain))) {
      domains.hold(account, domain, { reply: fate.reply, class: fate.class }, delay);
    } else if (isEnough && isRateRefusal(fate)) stop('rate_limited', delay);
    else if (isEnough) down = true;
  };

  return {
    /** How many mails may be in flight. */
    window: () => (proven ? window() : 1),
    transportDown: () => down,
    /** The wait that a server caused; undefined if the transport is down for another reason. */
    laneWait: () => wait,
    markTransportDown: () => {
      down = true;
    },
    /** Fates without a reply of a server, such as those of skipped recipients, say nothing. */
    recordFate: (seen: SeenFate): void => {
      const { fate, domain, delay } = seen;
      if (!serverAnswered(fate)) return;
      if (isServerRefusal(fate) && fate.kind === 'deferred') {
        stop(fate.class as LaneWait['reason'], delay);
        return;
      }
      if (isRateRefusal(fate)) congestion = Math.max(1, Math.min(congestion, share()) / 2);
      if (isTransportFailure(fate)) {
        blame(seen);
        return;
      }
      proven = true;
      blames = 0;
      blamed.clear();
      congestion += 1;
      if (domain !== undefined && fate.kind === 'sent') domains.release(account, domain);
    },
  };
}
