import { later, now } from '../../clock.js';
import { newApproval } from '../../domain/campaign/approval.js';
import { FAILURES, Failure } from '../../domain/errors.js';
import {
  type IssueReason,
  issueId,
  issueTiming,
  originOfIssue,
  overlapAction,
  sourceRetryDelay,
} from '../../domain/newsletter/issue.js';
import { promptForIssue } from '../../domain/newsletter/source.js';
import { isTimeOf } from '../../domain/newsletter/timetable.js';
import { formatInZone } from '../../domain/newsletter/zone.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { Campaign, NewCampaign } from '../../store/campaigns/row.js';
import type { Drafts } from '../../store/drafts/drafts.js';
import type { Counters } from '../../store/mongo/counters.js';
import type { Issue } from '../../store/newsletters/issues.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import { type ActivityContext, withHeartbeat } from '../heartbeat.js';
import { gone, type IssueDeps, type IssueView, keyOf, publish, settle, skip, viewOf } from './issue.js';
import { readSource, type SourceDeps, type SourceResult } from './sources.js';

export interface IssuePreparationDeps extends SourceDeps {
  readonly drafts: Drafts;
  readonly counters: Counters;
  readonly accounts: Accounts;
  readonly activityContext: () => ActivityContext;
}

const HEARTBEAT_MS = 1_000;

/** The first step of an issue: creates its row and decides whether it may begin. */
export function issueOpening(deps: IssueDeps) {
  return {
    openIssue: async (ref: IssueRef): Promise<IssueView> => {
      const newsletter = await deps.newsletters.find(ref.account, ref.newsletter);
      if (typeof newsletter === 'string') return gone(ref);
      const known = await deps.issues.find(keyOf(ref));
      // A Schedule that was changed by hand, or that fires twice where clocks repeat an hour, starts no issue.
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

/** Creates the row of an issue, which records how late the issue begins. */
function openRow({ issues, times }: IssueDeps, newsletter: Newsletter, ref: IssueRef): Promise<Issue> {
  const scheduledAt = new Date(ref.scheduledAt);
  const { late, sendAt } = issueTiming({ ...openingOf(newsletter, times), kind: 'scheduled', scheduledAt, now: now() });
  const { account, _id } = newsletter;
  const id = issueId(_id, scheduledAt);
  const timeFields = { scheduled_at: scheduledAt, send_at: sendAt, late };
  return issues.open({ _id: id, account, newsletter: _id, kind: 'scheduled', ...timeFields });
}

export function openingOf(newsletter: Newsletter, { lease }: IssueDeps['times']) {
  return {
    catchUp: newsletter.catch_up_seconds * 1_000,
    lead: newsletter.lead_seconds * 1_000,
    jitter: newsletter.jitter_seconds * 1_000,
    lateAfter: lease,
  };
}

/** Why the issue must not begin. Lateness counts up to the creation of the row, so that a repetition after a crash decides alike. */
async function skipReason(deps: IssueDeps, newsletter: Newsletter, row: Issue): Promise<IssueReason | null> {
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

/** Tries an issue's source once. The content goes straight into a campaign in state `draft` and is stored nowhere else. */
export function issuePreparation(deps: IssuePreparationDeps) {
  return {
    /** `tries`: how often it was tried before. */
    prepareIssue: async (ref: IssueRef, isLast: boolean, tries = 0): Promise<IssueView> => {
      const [newsletter, row] = await Promise.all([
        deps.newsletters.find(ref.account, ref.newsletter),
        deps.issues.find(keyOf(ref)),
      ]);
      if (typeof newsletter === 'string' || row === null) return gone(ref);
      if (row.state !== 'preparing') {
        await settle(deps, row);
        return viewOf(row, { ready: row.state === 'launched' });
      }
      // Issues of a suspended account are skipped, not postponed.
      const state = (await deps.accounts.status(ref.account))?.state ?? 'active';
      if (state !== 'active') return viewOf((await skip(deps, row, 'quota', `The account is ${state}.`)) ?? row);
      return withHeartbeat(deps.activityContext(), HEARTBEAT_MS, () => {
        const work =
          newsletter.source.kind === 'ai'
            ? fromModel(deps, newsletter, row, isLast)
            : fromSource(deps, newsletter, row, isLast ? null : nextTryOf(row, tries));
        return work.catch((error) => skipIfRefused(deps, row, error));
      });
    },
  };
}

/** A limit of the account's plan is permanent: the issue is skipped, not retried. */
async function skipIfRefused(deps: IssuePreparationDeps, row: Issue, error: unknown): Promise<IssueView> {
  if (!(error instanceof Failure && FAILURES[error.code].permanent)) throw error;
  return viewOf((await skip(deps, row, 'quota', error.message)) ?? row);
}

/** As its workflow waits. */
function nextTryOf({ send_at }: Issue, tries: number): Date {
  return new Date(Math.min(Number(later(sourceRetryDelay(tries))), Number(send_at)));
}

async function fromSource(
  deps: IssuePreparationDeps,
  newsletter: Newsletter,
  row: Issue,
  nextTry: Date | null,
): Promise<IssueView> {
  if (row.campaign !== null) return viewOf(row, { ready: true });
  const what = await readSource(deps, newsletter, row);
  if (what.kind === 'nothing') return viewOf((await skip(deps, row, 'nothing_new', null)) ?? row);
  if (what.kind === 'failed') {
    await deps.issues.recordDetail(row, what.why, nextTry);
    return viewOf(row, { trouble: what.reason });
  }
  return viewOf((await createCampaign(deps, newsletter, row, what)) ?? row, { ready: true });
}

async function createCampaign(
  deps: IssuePreparationDeps,
  newsletter: Newsletter,
  row: Issue,
  { letter, feed }: SourceResult & { kind: 'letter' },
) {
  const content = { ...letter, text: null };
  const campaign = await deps.campaigns.create({
    ...(await campaignFields(deps, newsletter, row)),
    ...content,
    creation_method: 'html',
  });
  return deps.issues.recordPrepared(row, { campaign: campaign._id, subject: campaign.subject, feed });
}

/** The campaign of an issue. Its origin is the issue, so that a repetition finds the same campaign. */
async function campaignFields(
  { counters }: IssuePreparationDeps,
  newsletter: Newsletter,
  row: Issue,
): Promise<Omit<NewCampaign, 'subject' | 'preheader' | 'html' | 'text' | 'creation_method'>> {
  const { account, list_id, template_id, from, reply_to, settings, approval_hours: hours } = newsletter;
  return {
    _id: await counters.block('campaigns'),
    account,
    list_id,
    template_id,
    from,
    reply_to,
    settings,
    name: `${newsletter.name}, ${formatInZone(newsletter.zone, row.scheduled_at)}`.slice(0, 255),
    approval: hours === null ? null : newApproval(hours),
    origin: originOfIssue(row._id),
  };
}

/** Content by the model: a draft of the campaign, requested again where the last one failed. */
async function fromModel(
  deps: IssuePreparationDeps,
  newsletter: Newsletter,
  row: Issue,
  isLast: boolean,
): Promise<IssueView> {
  const campaign =
    row.campaign === null
      ? await requestDraft(deps, newsletter, row)
      : await deps.campaigns.find(row.account, row.campaign);
  if (campaign === null) return viewOf((await skip(deps, row, 'withdrawn')) ?? row);
  if (campaign.state === 'drafting') return viewOf(row, { draft: draftOf(campaign), trouble: 'draft_failed' });
  if (campaign.html !== '' && campaign.subject !== '') {
    await deps.issues.recordPrepared(row, { campaign: campaign._id, subject: campaign.subject, feed: null });
    return viewOf(row, { ready: true });
  }
  await deps.issues.recordDetail(row, campaign.reason);
  const again = isLast || campaign.state !== 'draft' ? null : await requestDraftAgain(deps, campaign);
  return viewOf(row, { draft: again && draftOf(again), trouble: 'draft_failed' });
}

async function requestDraft(deps: IssuePreparationDeps, newsletter: Newsletter, row: Issue): Promise<Campaign> {
  const { account, source, subject, preheader } = newsletter;
  if (source.kind !== 'ai') throw new Error(`newsletter ${newsletter._id} has no source of kind ai`);
  const subjects = await deps.issues.lastSubjects(account, newsletter._id);
  const day = formatInZone(newsletter.zone, row.scheduled_at).slice(0, -6);
  const prompt = promptForIssue(source.prompt, newsletter.name, day, subjects);
  const fields = await campaignFields(deps, newsletter, row);
  const given = { subject, preheader };
  const { n } = await deps.drafts.request(account, fields._id, { prompt, source: null, links: source.links, given });
  const empty = { subject: '', preheader: null, html: '', text: null, creation_method: 'ai' as const };
  const campaign = await deps.campaigns.create({ ...fields, ...empty, drafting: { n, send: false, at: null } });
  // An earlier try created the campaign before it crashed.
  if (campaign._id !== fields._id) await deps.drafts.deleteAll(account, fields._id);
  await deps.issues.recordPrepared(row, { campaign: campaign._id, subject: null, feed: null });
  return campaign;
}

async function requestDraftAgain(
  { drafts, campaigns }: IssuePreparationDeps,
  campaign: Campaign,
): Promise<Campaign | null> {
  const last = await drafts.newest(campaign.account, campaign._id);
  if (last === null) return null;
  const { n } = last.state === 'waiting' ? last : await drafts.request(campaign.account, campaign._id, last);
  return campaigns.restartDrafting(campaign, { n, send: false, at: null });
}

function draftOf({ account, _id: campaign, drafting }: Campaign) {
  return { account, campaign, n: drafting?.n ?? 1 };
}
