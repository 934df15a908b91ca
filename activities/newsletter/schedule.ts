import { monotonic, now } from '../../clock.js';
import type { CampaignState } from '../../domain/campaign/campaign.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { issueId, issueTiming, overlapAction } from '../../domain/newsletter/issue.js';
import { timesAfter, timesBetween } from '../../domain/newsletter/timetable.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { Issue, Issues } from '../../store/newsletters/issues.js';
import type { Newsletter, Newsletters } from '../../store/newsletters/newsletters.js';
import type { PushedData } from '../../store/newsletters/pushed-data.js';
import type { NewsletterInput } from '../../workflows/messages/newsletter.js';
import type { Engine } from '../engine.js';
import { openingOf } from './open.js';
import { type IssuePublishingDeps, settle, skip } from './publishing.js';

export interface NewsletterSweepDeps extends IssuePublishingDeps {
  readonly newsletters: IssuePublishingDeps['newsletters'] &
    Pick<Newsletters, 'find' | 'due' | 'sweepAgain' | 'recordAccounted' | 'known'>;
  readonly issues: IssuePublishingDeps['issues'] &
    Pick<Issues, 'open' | 'openIssues' | 'due' | 'sweepAgain' | 'deleteAll'>;
  readonly pushedData: IssuePublishingDeps['pushedData'] & Pick<PushedData, 'delete'>;
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly engine: Pick<
    Engine,
    'reconcileSchedule' | 'deleteSchedule' | 'scheduledNewsletters' | 'issueWorkflowStatus' | 'notifyIssue'
  >;
  readonly times: Pick<ProtocolTimes, 'lease'>;
}

/** The Schedule of one newsletter. */
export function scheduleReconciliation(deps: NewsletterSweepDeps) {
  return {
    /** Compares the Schedule with the row and repairs it towards the row. */
    reconcileSchedule: async ({ account, newsletter }: NewsletterInput): Promise<void> => {
      const row = await deps.newsletters.find(account, newsletter);
      if (typeof row === 'string') await deps.engine.deleteSchedule(newsletter);
      else await deps.engine.reconcileSchedule(row);
    },
  };
}

const OVER: readonly CampaignState[] = ['draft', 'sent', 'failed', 'cancelled'];

/** Times in one look; a newsletter that has more of them unaccounted for is looked at again. */
const TIMES_PER_CHECK = 50;

/** A newsletter's turn in the sweep: its Schedule, and every time of its calendar that has passed. */
export async function sweepNewsletter(deps: NewsletterSweepDeps, row: Newsletter): Promise<void> {
  await deps.engine.reconcileSchedule(row);
  if (row.state === 'active') await accountForTimes(deps, row);
  await deps.newsletters.sweepAgain(row, nextCheck(row, deps.times));
}

/** A little after the next time, and now and then in any case. */
function nextCheck(row: Newsletter, { lease }: Pick<ProtocolTimes, 'lease'>): Date {
  const usual = now().getTime() + 5 * lease;
  const [next] = timesAfter(row, new Date(now().getTime() - lease - row.jitter_seconds * 1_000), 1);
  const due = next === undefined ? usual : next.getTime() + row.jitter_seconds * 1_000 + lease;
  return new Date(Math.min(usual, Math.max(due, now().getTime() + lease / 2)));
}

/**
 * A time that has passed has an issue: the Schedule's, or, where it was lost with Temporal or with an outage, one that is
 * begun here while the catch-up window is open, or one that is written down as missed.
 */
async function accountForTimes(deps: NewsletterSweepDeps, row: Newsletter): Promise<void> {
  const until = new Date(now().getTime() - deps.times.lease - row.jitter_seconds * 1_000);
  const times = timesBetween(row, row.accounted_until, until, TIMES_PER_CHECK);
  const earlier = { begun: false, waiting: false };
  for (const time of times) {
    const fate = await accountFor(deps, row, time, earlier);
    earlier.begun ||= fate === 'begins';
    earlier.waiting ||= fate === 'waits';
    if (earlier.waiting && row.overlap !== 'buffer_one') return;
    if (!earlier.waiting) await deps.newsletters.recordAccounted(row, time);
  }
  if (earlier.waiting) return;
  if (times.length < TIMES_PER_CHECK && until > row.accounted_until) await deps.newsletters.recordAccounted(row, until);
}

/** What came of the times before in this look: what was begun has no row yet; what waits is the one that may. */
interface EarlierTimes {
  readonly begun: boolean;
  readonly waiting: boolean;
}

/** `waits`: it is held back behind another issue, and looked at again later. */
async function accountFor(
  deps: NewsletterSweepDeps,
  row: Newsletter,
  time: Date,
  earlier: EarlierTimes,
): Promise<'over' | 'begins' | 'waits'> {
  const { account, _id: newsletter } = row;
  const key = { account, _id: issueId(newsletter, time) };
  const known = await deps.issues.find(key);
  if (known !== null) {
    await settle(deps, known);
    return 'over';
  }
  const fate = issueTiming({ ...openingOf(row, deps.times), kind: 'scheduled', scheduledAt: time, now: now() });
  const beside = await besideOthers(deps, row, earlier);
  if (beside === 'wait' && !fate.tooLate) return 'waits';
  if (fate.tooLate || beside === 'skip') {
    const reason = fate.tooLate ? ('missed' as const) : ('overlap' as const);
    const skipping = { state: 'skipped' as const, reason, late: true };
    const made = await deps.issues.open({
      ...key,
      newsletter,
      kind: 'scheduled',
      scheduled_at: time,
      send_at: fate.sendAt,
      ...skipping,
    });
    await settle(deps, made);
    return 'over';
  }
  await deps.engine.notifyIssue({ account, newsletter, scheduledAt: time.toISOString() });
  return 'begins';
}

async function besideOthers(
  { issues }: NewsletterSweepDeps,
  { account, _id, overlap }: Newsletter,
  earlier: EarlierTimes,
) {
  if (earlier.waiting) return 'skip';
  const isAlone = !earlier.begun && (await issues.openIssues(account, _id)).length === 0;
  return isAlone ? 'begin' : overlapAction(overlap);
}

/** An issue whose workflow is not there is begun again; one that an operator has ended stays ended. */
export async function sweepIssue(deps: NewsletterSweepDeps, row: Issue): Promise<void> {
  const { account, newsletter } = row;
  if (typeof (await deps.newsletters.find(account, newsletter)) === 'string') return deleteRemains(deps, row);
  const ref = { account, newsletter, scheduledAt: row.scheduled_at.toISOString() };
  const workflow = await deps.engine.issueWorkflowStatus(ref);
  const isStopped =
    workflow.status === 'terminated' && workflow.closedAt !== null && workflow.closedAt > row.created_at;
  if (isStopped && row.state === 'preparing') {
    await skip(deps, row, 'engine_stopped');
    return;
  }
  if (workflow.status !== 'running' || (await isOver(deps, row))) await deps.engine.notifyIssue(ref);
  await deps.issues.sweepAgain(row, new Date(now().getTime() + deps.times.lease / 2));
}

/** What a removal that was cut short has left of its newsletter. */
async function deleteRemains(
  { issues, pushedData }: NewsletterSweepDeps,
  { account, newsletter }: Issue,
): Promise<void> {
  await pushedData.delete(account, newsletter);
  await issues.deleteAll(account, newsletter);
}

/** Its campaign has come to an end, or back, and the issue does not know yet. */
async function isOver({ campaigns }: NewsletterSweepDeps, { account, state, campaign }: Issue): Promise<boolean> {
  if (state !== 'launched' || campaign === null) return false;
  const row = await campaigns.find(account, campaign);
  return row === null || OVER.includes(row.state);
}

/** Schedules whose newsletter is gone are removed; asked once a lease, since it lists them all. */
export function orphanSweep(deps: NewsletterSweepDeps): () => Promise<void> {
  let last = Number.NEGATIVE_INFINITY;
  return async () => {
    if (monotonic() - last < deps.times.lease) return;
    last = monotonic();
    const ids = await deps.engine.scheduledNewsletters();
    const known = await deps.newsletters.known(ids);
    for (const id of ids) if (!known.has(id)) await deps.engine.deleteSchedule(id);
  };
}
