import { newApproval } from '../../domain/campaign/approval.js';
import { FAILURES, Failure } from '../../domain/errors.js';
import { promptForIssue } from '../../domain/newsletter/source.js';
import { formatInZone } from '../../domain/newsletter/zone.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { Campaign, Campaigns, NewCampaign } from '../../store/campaigns/campaigns.js';
import type { Drafts } from '../../store/drafts/drafts.js';
import type { Counters } from '../../store/mongo/counters.js';
import type { Issue, Issues } from '../../store/newsletters/issues.js';
import type { Newsletter, Newsletters } from '../../store/newsletters/newsletters.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import { type ActivityContext, withHeartbeat } from '../heartbeat.js';
import { type IssuePublishingDeps, settle, skip } from './publishing.js';
import { readSource, type SourceDeps, type SourceResult } from './sources.js';
import { gone, type IssueView, keyOf, viewOf } from './view.js';

export interface IssuePreparationDeps extends SourceDeps, IssuePublishingDeps {
  readonly newsletters: IssuePublishingDeps['newsletters'] & Pick<Newsletters, 'find'>;
  readonly issues: IssuePublishingDeps['issues'] &
    SourceDeps['issues'] &
    Pick<Issues, 'recordPrepared' | 'recordDetail' | 'lastSubjects'>;
  readonly campaigns: Pick<Campaigns, 'create' | 'find' | 'restartDrafting'>;
  readonly drafts: Pick<Drafts, 'request' | 'newest' | 'deleteAll'>;
  readonly pushedData: IssuePublishingDeps['pushedData'] & SourceDeps['pushedData'];
  readonly counters: Pick<Counters, 'block'>;
  readonly accounts: Pick<Accounts, 'status'>;
  readonly activityContext: () => ActivityContext;
}

const HEARTBEAT_MS = 1_000;

/** One try of an issue's source. The letter is a campaign's draft from the moment it is whole; nothing of it stands elsewhere. */
export function issuePreparation(deps: IssuePreparationDeps) {
  return {
    prepareIssue: async (ref: IssueRef, isLast: boolean): Promise<IssueView> => {
      const [newsletter, row] = await Promise.all([
        deps.newsletters.find(ref.account, ref.newsletter),
        deps.issues.find(keyOf(ref)),
      ]);
      if (typeof newsletter === 'string' || row === null) return gone(ref);
      if (row.state !== 'preparing') {
        await settle(deps, row);
        return viewOf(row, { ready: row.state === 'launched' });
      }
      // What a suspended account would have sent is not made up for later.
      const state = (await deps.accounts.status(ref.account))?.state ?? 'active';
      if (state !== 'active') return viewOf((await skip(deps, row, 'quota', `The account is ${state}.`)) ?? row);
      return withHeartbeat(deps.activityContext(), HEARTBEAT_MS, () => {
        const work =
          newsletter.source.kind === 'ai'
            ? fromModel(deps, newsletter, row, isLast)
            : fromSource(deps, newsletter, row);
        return work.catch((error) => skipIfRefused(deps, row, error));
      });
    },
  };
}

/** What the account's plan does not allow is no outage: the issue is skipped. */
async function skipIfRefused(deps: IssuePreparationDeps, row: Issue, error: unknown): Promise<IssueView> {
  if (!(error instanceof Failure && FAILURES[error.code].permanent)) throw error;
  return viewOf((await skip(deps, row, 'quota', error.message)) ?? row);
}

async function fromSource(deps: IssuePreparationDeps, newsletter: Newsletter, row: Issue): Promise<IssueView> {
  if (row.campaign !== null) return viewOf(row, { ready: true });
  const what = await readSource(deps, newsletter, row);
  if (what.kind === 'nothing') return viewOf((await skip(deps, row, 'nothing_new', null)) ?? row);
  if (what.kind === 'failed') {
    await deps.issues.recordDetail(row, what.why);
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

/** The campaign of an issue: its origin is the issue, so that there is one however often it is made. */
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
    origin: `issue ${row._id}`,
  };
}

/** A text by the model: asked for as a draft of the campaign, and asked for again where none came of it. */
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
  if (source.kind !== 'ai') throw new Error(`newsletter ${newsletter._id} asks no model`);
  const subjects = await deps.issues.lastSubjects(account, newsletter._id);
  const day = formatInZone(newsletter.zone, row.scheduled_at).slice(0, -6);
  const prompt = promptForIssue(source.prompt, newsletter.name, day, subjects);
  const fields = await campaignFields(deps, newsletter, row);
  const given = { subject, preheader };
  const { n } = await deps.drafts.request(account, fields._id, { prompt, source: null, links: source.links, given });
  const empty = { subject: '', preheader: null, html: '', text: null, creation_method: 'ai' as const };
  const campaign = await deps.campaigns.create({ ...fields, ...empty, drafting: { n, send: false, at: null } });
  // A try before this one, which died, has made it already.
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
