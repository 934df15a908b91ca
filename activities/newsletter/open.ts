import { now } from '../../clock.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { type IssueReason, issueId, issueTiming, overlapAction } from '../../domain/newsletter/issue.js';
import { isTimeOf } from '../../domain/newsletter/timetable.js';
import type { Issue, Issues } from '../../store/newsletters/issues.js';
import type { Newsletter, Newsletters } from '../../store/newsletters/newsletters.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import { type IssuePublishingDeps, publish, settle, skip } from './publishing.js';
import { gone, type IssueView, keyOf, viewOf } from './view.js';

export interface IssueOpeningDeps extends IssuePublishingDeps {
  readonly newsletters: IssuePublishingDeps['newsletters'] & Pick<Newsletters, 'find'>;
  readonly issues: IssuePublishingDeps['issues'] & Pick<Issues, 'open' | 'openIssues'>;
  readonly times: Pick<ProtocolTimes, 'lease'>;
}

/** The first step of an issue: its row, and whether it may begin at all. */
export function issueOpening(deps: IssueOpeningDeps) {
  return {
    openIssue: async (ref: IssueRef): Promise<IssueView> => {
      const newsletter = await deps.newsletters.find(ref.account, ref.newsletter);
      if (typeof newsletter === 'string') return gone(ref);
      const known = await deps.issues.find(keyOf(ref));
      // A Schedule that was changed by hand, or fires twice where clocks repeat an hour, has no say.
      if (known === null && !isTimeOf(newsletter, new Date(ref.scheduledAt))) return gone(ref);
      const row = known ?? (await openRow(deps, newsletter, ref));
      if (row.state !== 'preparing') {
        await settle(deps, row);
        return viewOf(row);
      }
      const reason = await skipReason(deps, newsletter, row);
      if (reason !== null) return viewOf((await skip(deps, row, reason)) ?? row);
      await publish(deps, row, 'begun', { kind: row.kind });
      if (row.late) await publish(deps, row, 'late');
      return viewOf(row);
    },
  };
}

/** The row that this issue begins with; how late it is, is said once. */
function openRow({ issues, times }: IssueOpeningDeps, newsletter: Newsletter, ref: IssueRef): Promise<Issue> {
  const scheduledAt = new Date(ref.scheduledAt);
  const { late, sendAt } = issueTiming({ ...openingOf(newsletter, times), kind: 'scheduled', scheduledAt, now: now() });
  const { account, _id } = newsletter;
  const id = issueId(_id, scheduledAt);
  const timeFields = { scheduled_at: scheduledAt, send_at: sendAt, late };
  return issues.open({ _id: id, account, newsletter: _id, kind: 'scheduled', ...timeFields });
}

export function openingOf(newsletter: Newsletter, { lease }: Pick<ProtocolTimes, 'lease'>) {
  return {
    catchUp: newsletter.catch_up_seconds * 1_000,
    lead: newsletter.lead_seconds * 1_000,
    jitter: newsletter.jitter_seconds * 1_000,
    lateAfter: lease,
  };
}

/** Why it may not begin. Asked again after a crash it has begun already: being late is judged by when its row was made. */
async function skipReason(deps: IssueOpeningDeps, newsletter: Newsletter, row: Issue): Promise<IssueReason | null> {
  if (row.kind === 'triggered') return null;
  const { tooLate } = issueTiming({
    ...openingOf(newsletter, deps.times),
    kind: row.kind,
    scheduledAt: row.scheduled_at,
    now: row.created_at,
  });
  if (tooLate) return 'too_late';
  if (newsletter.state === 'paused') return 'paused';
  if (overlapAction(newsletter.overlap) !== 'skip' || row.campaign !== null) return null;
  const others = (await deps.issues.openIssues(row.account, row.newsletter)).filter(({ _id }) => _id !== row._id);
  return others.some((other) => isBefore(other, row)) ? 'overlap' : null;
}

function isBefore(one: Issue, other: Issue): boolean {
  const apart = one.created_at.getTime() - other.created_at.getTime();
  return apart < 0 || (apart === 0 && one._id < other._id);
}
