import { monotonic, now } from '../../clock.js';
import type { CampaignState } from '../../domain/campaign/campaign.js';
import { issueId, issueTiming, overlapAction } from '../../domain/newsletter/issue.js';
import { timesAfter, timesBetween } from '../../domain/newsletter/timetable.js';
import type { Issue } from '../../store/newsletters/issues.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import type { NewsletterInput } from '../../workflows/messages/newsletter.js';
import type { Engine } from '../engine.js';
import { type IssueDeps, settle, skip } from './issue.js';
import { openingOf } from './prepare.js';

export interface NewsletterSweepDeps extends IssueDeps {
  readonly engine: Pick<
    Engine,
    'reconcileSchedule' | 'deleteSchedule' | 'scheduledNewsletters' | 'issueWorkflowStatus' | 'notifyIssue'
  >;
}

export function scheduleReconciliation(deps: NewsletterSweepDeps) {
  return {
    /** Makes the newsletter's Schedule match its row. */
    reconcileSchedule: async ({ account, newsletter }: NewsletterInput): Promise<void> => {
      const row = await deps.newsletters.find(account, newsletter);
      if (typeof row === 'string') await deps.engine.deleteSchedule(newsletter);
      else await deps.engine.reconcileSchedule(row);
    },
  };
}

const OVER: readonly CampaignState[] = ['draft', 'sent', 'failed', 'cancelled'];

/** Times of one check; a newsletter with more of them is checked again. */
const TIMES_PER_CHECK = 50;

/** Repairs a newsletter's Schedule and gives every past time of its calendar an issue. */
export async function sweepNewsletter(deps: NewsletterSweepDeps, row: Newsletter): Promise<void> {
  await deps.engine.reconcileSchedule(row);
  if (row.state === 'active') await accountForTimes(deps, row);
  await deps.newsletters.sweepAgain(row, nextCheck(row, deps.times));
}

/** A little after the next time, and every five leases at the latest. */
function nextCheck(row: Newsletter, { lease }: IssueDeps['times']): Date {
  const usual = now().getTime() + 5 * lease;
  const [next] = timesAfter(row, new Date(now().getTime() - lease - row.jitter_seconds * 1_000), 1);
  const due = next === undefined ? usual : next.getTime() + row.jitter_seconds * 1_000 + lease;
  return new Date(Math.min(usual, Math.max(due, now().getTime() + lease / 2)));
}

/**
 * Every past time has an issue, normally started by the Schedule. If Temporal or an outage lost the start, the sweep starts
 * the issue while the catch-up window is open, and records it as missed afterwards.
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

/** Results of the earlier times of this check: a begun issue has no row yet, and at most one issue waits. */
interface EarlierTimes {
  readonly begun: boolean;
  readonly waiting: boolean;
}

/** `waits`: another issue is open, and the time is checked again later. */
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
  const overlap = await overlapOf(deps, row, time, earlier);
  if (overlap === 'wait' && !fate.tooLate) return 'waits';
  if (fate.tooLate || overlap === 'skip') {
    // Temporal starts no workflow at a time at which another issue is open, if the policy says so.
    const reason = overlap === 'skip' ? ('overlap' as const) : ('missed' as const);
    const skipping = { state: 'skipped' as const, reason, late: reason === 'missed' };
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
  await deps.engine.notifyIssue({ account, newsletter, scheduledAt: time.toISOString() }, row);
  return 'begins';
}

async function overlapOf(
  { issues }: NewsletterSweepDeps,
  { account, _id, overlap }: Newsletter,
  time: Date,
  earlier: EarlierTimes,
) {
  if (earlier.waiting) return 'skip';
  if (overlap === 'skip' && (await issues.wereOpenAt(account, _id, time))) return 'skip';
  const isAlone = !earlier.begun && (await issues.openIssues(account, _id)).length === 0;
  return isAlone ? 'begin' : overlapAction(overlap);
}

/** Starts an issue's workflow again where none runs. An issue whose workflow an operator has terminated is skipped. */
export async function sweepIssue(deps: NewsletterSweepDeps, row: Issue): Promise<void> {
  const { account, newsletter } = row;
  const owner = await deps.newsletters.find(account, newsletter);
  if (typeof owner === 'string') return deleteRemains(deps, row);
  const ref = { account, newsletter, scheduledAt: row.scheduled_at.toISOString() };
  const workflow = await deps.engine.issueWorkflowStatus(ref);
  const isStopped =
    workflow.status === 'terminated' && workflow.closedAt !== null && workflow.closedAt > row.created_at;
  if (isStopped && row.state === 'preparing') {
    await skip(deps, row, 'engine_stopped');
    return;
  }
  if (workflow.status !== 'running' || (await isOver(deps, row))) await deps.engine.notifyIssue(ref, owner);
  await deps.issues.sweepAgain(row, new Date(now().getTime() + deps.times.lease / 2));
}

/** Deletes the rows that an interrupted removal of the newsletter has left. */
async function deleteRemains(
  { issues, pushedData }: NewsletterSweepDeps,
  { account, newsletter }: Issue,
): Promise<void> {
  await pushedData.delete(account, newsletter);
  await issues.deleteAll(account, newsletter);
}

/** Whether the campaign has ended or was withdrawn while the issue is still launched. */
async function isOver({ campaigns }: NewsletterSweepDeps, { account, state, campaign }: Issue): Promise<boolean> {
  if (state !== 'launched' || campaign === null) return false;
  const row = await campaigns.find(account, campaign);
  return row === null || OVER.includes(row.state);
}

/** Deletes Schedules of deleted newsletters, at most once a lease, because it lists all Schedules. */
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
