import { monotonic } from '../../clock.js';
import { countsForPause, isSenderRefusal, type PageException } from '../../domain/campaign/ledger-page.js';
import type { Fate } from '../../domain/delivery/outcome.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { FailoverTransport, Route } from '../../mail/transports/failover.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { PagesInput } from '../../workflows/messages/campaign.js';
import type { ActivityContext } from '../heartbeat.js';
import type { DeferringDomains } from './deferring-domains.js';
import { type HoldDeps, releaseOnProof } from './holds/hold.js';
import { rateHold } from './holds/rate-hold.js';
import type { PageOwner } from './page/owner.js';
import type { ReputationGuard } from './reputation.js';
import { transportHealth } from './transport-health.js';
import type { WindowShares } from './window-shares.js';

/** The guard is asked again once there are a fifth more hard bounces, and first at so many. */
const FIRST_CHECK = 5;

export interface AttemptDeps extends HoldDeps {
  /** Pauses the campaign if it bounces too often; not throttled. */
  readonly checkReputation: ReputationGuard;
  readonly campaigns: Campaigns;
  readonly times: ProtocolTimes;
  readonly windowShares: WindowShares;
  readonly deferringDomains: DeferringDomains;
  readonly routes: Pick<FailoverTransport, 'route' | 'connections'>;
  /** SIGTERM: claim no more, finish what is claimed. */
  readonly stopping: AbortSignal;
}

/** What is known before the attempt. */
export interface AttemptContext {
  readonly row: Campaign;
  /** A server has accepted an earlier mail of this launch from this sender. */
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
  const row = watchedRow(deps, activityContext, input, context.row);
  let over = false;
  let failure: { readonly error: unknown } | undefined;

  const rate = () => row.current().want.rate ?? row.current().settings.rate_per_second;
  const maxRate = () => lowestRate(rate(), deps.routes.route());
  const windows = windowsOf({ ...deps, account: input.account }, maxRate, () => transport.window());
  const transport = transportHealth({
    probe: input.downs > 0,
    flows: releaseOnProof(deps, row.current),
    account: input.account,
    share: windows.share,
    domains: deps.deferringDomains,
  });
  const health = { ...transport, ...senderHealth(windows.share, context.senderProven) };
  const wanted = () => isSending(row.current(), input);
  const ended = () => over || failure !== undefined || deps.stopping.aborted || activityContext.cancelled.aborted;

  return {
    ...health,
    /** Told of each grant of rate tokens. */
    watchRate: rateHold(deps, roundOf(input), row.current, deps.times.firstRetry / HOLD_PART).watch,
    /** Awaited before the next claim, so that a list that bounces is paused within its first page. */
    checkFailures: failureCheck(() => checkedReputation(deps, input, row.reload)),
    campaign: row.current,
    wanted,
    rate,
    windows,
    /** How many rows to read at once: as many as the rate allows within the freshness; a page where there is no limit. */
    readAhead: () => Math.ceil(((maxRate() ?? Number.POSITIVE_INFINITY) * deps.times.freshness) / 2_000),
    mayClaim: () =>
      !ended() &&
      !health.transportDown() &&
      health.senderRefused() === undefined &&
      wanted() &&
      monotonic() - startedAt < deps.times.attempt,
    /** Page writes are retried while this holds: also while draining, never after the end. */
    alive: () => !over && monotonic() - startedAt < deps.times.startToClose,
    /** An internal failure: the attempt claims no more, settles its claimed recipients, and then `rethrow` throws the error. */
    fail: (error: unknown) => {
      failure ??= { error };
    },
    rethrow: () => {
      if (failure !== undefined) throw failure.error;
    },
    end: () => {
      over = true;
      windows.leave();
      row.release();
    },
  };
}

/** The part of the first retry after which a campaign without rate tokens is shown as held: 5 s. */
const HOLD_PART = 12;

function roundOf({ account, campaign, launch, round }: PagesInput) {
  return { account, campaign, launch, round };
}

function isSending({ state, launch, round }: Campaign, input: PagesInput): boolean {
  return state === 'sending' && launch === input.launch && round === input.round;
}

async function checkedReputation(
  { checkReputation }: AttemptDeps,
  { account, campaign }: PagesInput,
  reload: () => Promise<void>,
): Promise<void> {
  await checkReputation(account, campaign);
  await reload();
}

/** The campaign's row, read every `times.controlEvery`. After a failed read the last row is kept. */
function watchedRow(
  { campaigns, times }: Pick<AttemptDeps, 'campaigns' | 'times'>,
  { heartbeat }: ActivityContext,
  { account, campaign }: PagesInput,
  first: Campaign,
) {
  let row = first;
  const reload = async (): Promise<void> => {
    const found = await campaigns.find(account, campaign).catch(() => undefined);
    // A deleted row counts as cancelled.
    if (found !== undefined) row = found ?? { ...row, state: 'cancelled' };
  };
  const control = setInterval(() => {
    heartbeat();
    void reload();
  }, times.controlEvery);
  return { current: () => row, reload, release: () => clearInterval(control) };
}

/** Asks the guard while pages are being sent, at growing numbers of failures; a failed check is made up for later. */
function failureCheck(check: () => Promise<void>) {
  let failures = 0;
  let due = FIRST_CHECK;
  return async (exceptions: readonly PageException[]): Promise<void> => {
    failures += exceptions.filter(countsForPause).length;
    if (failures < due) return;
    due = Math.ceil(failures * 1.2) + 1;
    await check().catch(() => undefined);
  };
}

/** Mails per second that campaign, account and transport allow; null: no limit. */
function lowestRate(own: number | null, route: Route | undefined): number | null {
  const shared = route?.rates.map(({ perSecond }) => perSecond) ?? [];
  const limits = [own, ...shared].filter((limit) => limit !== null);
  return limits.length === 0 ? null : Math.min(...limits);
}

/** How many mails an attempt may have in flight. A transport that is not proven yet gets one mail at a time. */
function windowsOf(
  { routes, windowShares, account }: AttemptDeps & { readonly account: number },
  maxRate: () => number | null,
  window: () => number,
) {
  const owners = new Map<PageOwner, () => void>();
  const inFlight = () => [...owners.keys()].reduce((sum, owner) => sum + owner.inFlight(), 0);
  const notify = () => {
    for (const one of owners.values()) one();
  };
  const member = windowShares.join({ account, route: () => routes.route()?.id, inFlight, notify });
  const share = () => member.size(routes.connections, maxRate());
  return {
    share,
    window,
    /** The window of one page: the attempt may own two, and other attempts may still have more than their share. */
    windowOf: (owner: PageOwner): number => {
      const room = Math.min(window(), member.room(routes.connections));
      return Math.max(0, room - inFlight() + owner.inFlight());
    },
    /** Counts the mails of a page until `release`; `roomChanged` is called when other pages have settled some of theirs. */
    hold: (owner: PageOwner, roomChanged: () => void) => {
      owners.set(owner, roomChanged);
      return {
        settled: (): void => {
          notify();
          member.announce();
        },
        release: (): void => void owners.delete(owner),
      };
    },
    leave: member.leave,
  };
}

/** Refusals of the sender in a row that stop the send before any mail of the launch was accepted. */
const REFUSALS_TO_STOP = 5;

/**
 * Refusals of the sender stop the send. Before a server has accepted a mail from this sender, refused recipients are
 * deferred to a later round. Afterwards they fail, and only refusals by several domains in a row stop the send: one strict
 * domain is no evidence about the sender.
 */
export function senderHealth(window: () => number, provenBefore: boolean) {
  let proven = provenBefore;
  let blames = 0;
  const blamingDomains = new Set<string | undefined>();
  let refused: string | undefined;
  return {
    /** Class of the refusals that stopped the send; undefined where it may go on. */
    senderRefused: () => refused,
    /** Records a fate and returns the one to store for its recipient. */
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
