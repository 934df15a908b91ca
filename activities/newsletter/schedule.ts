import { monotonic, now } from '../../clock.js';
import type { CampaignState } from '../../domain/campaign.js';
import { besideAnother, issueId, opened } from '../../domain/newsletter/issue.js';
import { timesAfter, timesBetween } from '../../domain/newsletter/timetable.js';
import type { ProtocolTimes } from '../../domain/protocol.js';
import type { Campaigns } from '../../store/campaigns.js';
import type { Issue, Issues } from '../../store/newsletter/issues.js';
import type { PushedData } from '../../store/newsletter/pushed.js';
import type { Newsletter, Newsletters } from '../../store/newsletters.js';
import type { NewsletterInput } from '../../workflows/messages/newsletter.js';
import type { Engine } from '../engine.js';
import { openingOf } from './open.js';
import { type IssueTellingDeps, settled, skipped } from './telling.js';

export interface NewsletterSweepDeps extends IssueTellingDeps {
  readonly newsletters: IssueTellingDeps['newsletters'] &
    Pick<Newsletters, 'find' | 'owed' | 'lookAgain' | 'accounted' | 'known'>;
  readonly issues: IssueTellingDeps['issues'] & Pick<Issues, 'open' | 'openOnes' | 'owed' | 'lookAgain' | 'forget'>;
  readonly pushed: IssueTellingDeps['pushed'] & Pick<PushedData, 'forget'>;
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly engine: Pick<
    Engine,
    'keepSchedule' | 'forgetSchedule' | 'scheduledNewsletters' | 'issueSighting' | 'wakeIssue'
  >;
  readonly times: Pick<ProtocolTimes, 'lease'>;
}

/** The Schedule of one newsletter. */
export function scheduleKeeping(deps: NewsletterSweepDeps) {
  return {
    /** Compares the Schedule with the row and repairs it towards the row. */
    keepSchedule: async ({ account, newsletter }: NewsletterInput): Promise<void> => {
      const row = await deps.newsletters.find(account, newsletter);
      if (typeof row === 'string') await deps.engine.forgetSchedule(newsletter);
      else await deps.engine.keepSchedule(row);
    },
  };
}

const OVER: readonly CampaignState[] = ['draft', 'sent', 'failed', 'cancelled'];

/** Times in one look; a newsletter that has more of them unaccounted for is looked at again. */
const AT_ONCE = 50;

/** A newsletter's turn in the sweep: its Schedule, and every time of its calendar that has passed. */
export async function lookAfterNewsletter(deps: NewsletterSweepDeps, row: Newsletter): Promise<void> {
  await deps.engine.keepSchedule(row);
  if (row.state === 'active') await accountForTimes(deps, row);
  await deps.newsletters.lookAgain(row, nextLook(row, deps.times));
}

/** A little after the next time, and now and then in any case. */
function nextLook(row: Newsletter, { lease }: Pick<ProtocolTimes, 'lease'>): Date {
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
  const times = timesBetween(row, row.accounted_until, until, AT_ONCE);
  const look = { begun: false, waiting: false };
  for (const time of times) {
    const fate = await accountFor(deps, row, time, look);
    look.begun ||= fate === 'begins';
    look.waiting ||= fate === 'waits';
    if (look.waiting && row.overlap !== 'buffer_one') return;
    if (!look.waiting) await deps.newsletters.accounted(row, time);
  }
  if (look.waiting) return;
  if (times.length < AT_ONCE && until > row.accounted_until) await deps.newsletters.accounted(row, until);
}

/** What came of the times before in this look: what was begun has no row yet; what waits is the one that may. */
interface Look {
  readonly begun: boolean;
  readonly waiting: boolean;
}

/** `waits`: it is held back behind another issue, and looked at again later. */
async function accountFor(
  deps: NewsletterSweepDeps,
  row: Newsletter,
  time: Date,
  look: Look,
): Promise<'over' | 'begins' | 'waits'> {
  const { account, _id: newsletter } = row;
  const key = { account, _id: issueId(newsletter, time) };
  const known = await deps.issues.find(key);
  if (known !== null) {
    await settled(deps, known);
    return 'over';
  }
  const fate = opened({ ...openingOf(row, deps.times), kind: 'scheduled', scheduledAt: time, now: now() });
  const beside = await besideOthers(deps, row, look);
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
    await settled(deps, made);
    return 'over';
  }
  await deps.engine.wakeIssue({ account, newsletter, scheduledAt: time.toISOString() });
  return 'begins';
}

async function besideOthers({ issues }: NewsletterSweepDeps, { account, _id, overlap }: Newsletter, look: Look) {
  if (look.waiting) return 'skip';
  const isAlone = !look.begun && (await issues.openOnes(account, _id)).length === 0;
  return isAlone ? 'begin' : besideAnother(overlap);
}

/** An issue whose workflow is not there is begun again; one that an operator has ended stays ended. */
export async function lookAfterIssue(deps: NewsletterSweepDeps, row: Issue): Promise<void> {
  const { account, newsletter } = row;
  if (typeof (await deps.newsletters.find(account, newsletter)) === 'string') return forgetRest(deps, row);
  const ref = { account, newsletter, scheduledAt: row.scheduled_at.toISOString() };
  const sighting = await deps.engine.issueSighting(ref);
  const isStopped =
    sighting.status === 'terminated' && sighting.closedAt !== null && sighting.closedAt > row.created_at;
  if (isStopped && row.state === 'preparing') {
    await skipped(deps, row, 'engine_stopped');
    return;
  }
  if (sighting.status !== 'running' || (await isOver(deps, row))) await deps.engine.wakeIssue(ref);
  await deps.issues.lookAgain(row, new Date(now().getTime() + deps.times.lease / 2));
}

/** What a removal that was cut short has left of its newsletter. */
async function forgetRest({ issues, pushed }: NewsletterSweepDeps, { account, newsletter }: Issue): Promise<void> {
  await pushed.forget(account, newsletter);
  await issues.forget(account, newsletter);
}

/** Its campaign has come to an end, or back, and the issue does not know yet. */
async function isOver({ campaigns }: NewsletterSweepDeps, { account, state, campaign }: Issue): Promise<boolean> {
  if (state !== 'launched' || campaign === null) return false;
  const row = await campaigns.find(account, campaign);
  return row === null || OVER.includes(row.state);
}

/** Schedules whose newsletter is gone are removed; asked once a lease, since it lists them all. */
export function strayHunt(deps: NewsletterSweepDeps): () => Promise<void> {
  let last = Number.NEGATIVE_INFINITY;
  return async () => {
    if (monotonic() - last < deps.times.lease) return;
    last = monotonic();
    const ids = await deps.engine.scheduledNewsletters();
    const known = await deps.newsletters.known(ids);
    for (const id of ids) if (!known.has(id)) await deps.engine.forgetSchedule(id);
  };
}
