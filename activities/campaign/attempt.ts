import { monotonic } from '../../clock.js';
import { isSenderRefusal } from '../../domain/campaign/window.js';
import type { Fate } from '../../domain/delivery/outcome.js';
import { type ProtocolTimes, windowSize } from '../../domain/delivery/protocol.js';
import type { FailoverTransport } from '../../mail/transports/failover.js';
import type { Campaign, Campaigns } from '../../store/campaigns/campaigns.js';
import type { PagesInput } from '../../workflows/messages/campaign.js';
import type { ActivityContext } from '../heartbeat.js';

export interface AttemptDeps {
  readonly campaigns: Campaigns;
  readonly times: ProtocolTimes;
  /** Sending lanes of this process; they share the connections of a route. */
  readonly lanes: number;
  readonly routes: Pick<FailoverTransport, 'route' | 'connections'>;
  /** SIGTERM: claim no more, finish what is claimed. */
  readonly stopping: AbortSignal;
}

/** What is known before the attempt. */
export interface AttemptContext {
  readonly row: Campaign;
  /** An earlier mail of this launch was taken under this sender. */
  readonly senderProven: boolean;
}

export type Attempt = ReturnType<typeof beginAttempt>;

/** Whether this attempt may claim more mail, and how fast; reads the campaign's row every `times.controlEvery`. */
export function beginAttempt(
  deps: AttemptDeps,
  activityContext: ActivityContext,
  input: PagesInput,
  context: AttemptContext,
) {
  const startedAt = monotonic();
  let campaign = context.row;
  let over = false;
  let failure: { readonly error: unknown } | undefined;
  const control = setInterval(() => {
    activityContext.heartbeat();
    // A row that cannot be read now leaves the last word standing; a row that is gone wants nothing sent.
    const read = deps.campaigns.find(input.account, input.campaign).then((found) => {
      campaign = found ?? { ...campaign, state: 'cancelled' };
    });
    read.catch(() => undefined);
  }, deps.times.controlEvery);

  const rate = () => campaign.want.rate ?? campaign.settings.rate_per_second;
  /** Mails a second that campaign, account and transport let through; null: as fast as it goes. */
  const maxRate = () => {
    const shared = deps.routes.route()?.rates.map(({ perSecond }) => perSecond) ?? [];
    const limits = [rate(), ...shared].filter((limit) => limit !== null);
    return limits.length === 0 ? null : Math.min(...limits);
  };
  const window = () => windowSize(deps.routes.connections / deps.lanes, maxRate());
  const health = { ...transportHealth(input.probe, window), ...senderHealth(window, context.senderProven) };
  const wanted = () =>
    campaign.state === 'sending' && campaign.launch === input.launch && campaign.round === input.round;
  const ended = () => over || failure !== undefined || deps.stopping.aborted || activityContext.cancelled.aborted;

  return {
    ...health,
    campaign: () => campaign,
    wanted,
    rate,
    window: () => (health.transportProven() ? window() : 1),
    /** Rows worth reading at once: a page, or what the rate lets through within the freshness. */
    readAhead: () => Math.ceil(((maxRate() ?? Number.POSITIVE_INFINITY) * deps.times.freshness) / 2_000),
    mayClaim: () =>
      !ended() &&
      !health.transportDown() &&
      health.senderRefused() === undefined &&
      wanted() &&
      monotonic() - startedAt < deps.times.attempt,
    /** Page writes are re-issued as long as this holds: also while draining, never after the end. */
    alive: () => !over && monotonic() - startedAt < deps.times.startToClose,
    /** Something is wrong with us: nothing more is claimed, what is claimed is settled, then `rethrow` says it. */
    fail: (error: unknown) => {
      failure ??= { error };
    },
    rethrow: () => {
      if (failure !== undefined) throw failure.error;
    },
    end: () => {
      over = true;
      clearInterval(control);
    },
  };
}

/** A whole window that blames the way and not the recipients ends the claiming; after that a probe is a window of one. */
function transportHealth(probe: boolean, window: () => number) {
  let proven = !probe;
  let down = false;
  let blames = 0;
  return {
    transportProven: () => proven,
    transportDown: () => down,
    markTransportDown: () => {
      down = true;
    },
    /** `blamed` undefined: the mail never saw the transport. */
    recordTransportOutcome: (blamed: boolean | undefined) => {
      if (blamed === undefined) return;
      blames = blamed ? blames + 1 : 0;
      if (!blamed) proven = true;
      if (blames >= (proven ? window() : 1)) down = true;
    },
  };
}

/** As long as no mail of this launch was taken, so many refusals of its sender in a row are enough. */
const REFUSALS_TO_STOP = 5;

/**
 * Refusals of the sender stop the send. Until somebody's mail was taken under it nobody is given up for them: those
 * recipients wait for a later round. Afterwards one strict domain speaks for itself alone, however many of its people are
 * in line: only refusals of several domains in a row speak about the sender.
 */
export function senderHealth(window: () => number, provenBefore: boolean) {
  let proven = provenBefore;
  let blames = 0;
  const blamingDomains = new Set<string | undefined>();
  let refused: string | undefined;
  return {
    /** Why nothing more may leave in this name, as the class of the refusals. */
    senderRefused: () => refused,
    /** Answers what the fate means for its recipient. */
    recordSenderOutcome: (fate: Fate, domain: string | undefined): Fate => {
      if (fate.kind === 'sent') proven = true;
      if (fate.kind === 'sent' || !isSenderRefusal(fate)) {
        blames = 0;
        blamingDomains.clear();
        return fate;
      }
      blames += 1;
      blamingDomains.add(domain);
      if (
        proven ? blamingDomains.size > 1 && blames >= Math.max(window(), REFUSALS_TO_STOP) : blames >= REFUSALS_TO_STOP
      )
        refused = fate.class;
      return proven ? fate : { ...fate, kind: 'deferred' };
    },
  };
}
