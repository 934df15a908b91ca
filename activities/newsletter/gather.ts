import { approvalFor } from '../../domain/approval.js';
import { FAILURES, Failure } from '../../domain/errors.js';
import { promptForIssue } from '../../domain/newsletter/source.js';
import { shownIn } from '../../domain/newsletter/zone.js';
import type { Accounts } from '../../store/accounts.js';
import type { Campaign, Campaigns, NewCampaign } from '../../store/campaigns.js';
import type { Counters } from '../../store/counters.js';
import type { Drafts } from '../../store/drafts.js';
import type { Issue, Issues } from '../../store/newsletter/issues.js';
import type { Newsletter, Newsletters } from '../../store/newsletters.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import { type Found, found, type SourceDeps } from './sources.js';
import { type IssueTellingDeps, settled, skipped } from './telling.js';
import { gone, type IssueView, keyOf, viewOf } from './view.js';

export interface IssueGatheringDeps extends SourceDeps, IssueTellingDeps {
  readonly newsletters: IssueTellingDeps['newsletters'] & Pick<Newsletters, 'find'>;
  readonly issues: IssueTellingDeps['issues'] &
    SourceDeps['issues'] &
    Pick<Issues, 'prepared' | 'note' | 'lastSubjects'>;
  readonly campaigns: Pick<Campaigns, 'create' | 'find' | 'redraft'>;
  readonly drafts: Pick<Drafts, 'ask' | 'newest' | 'forget'>;
  readonly pushed: IssueTellingDeps['pushed'] & SourceDeps['pushed'];
  readonly counters: Pick<Counters, 'block'>;
  readonly accounts: Pick<Accounts, 'standing'>;
  readonly host: () => { heartbeat(): void };
}

const BEAT = 1_000;

/** One try of an issue's source. The letter is a campaign's draft from the moment it is whole; nothing of it stands elsewhere. */
export function issueGathering(deps: IssueGatheringDeps) {
  return {
    gatherIssue: async (ref: IssueRef, isLast: boolean): Promise<IssueView> => {
      const [newsletter, row] = await Promise.all([
        deps.newsletters.find(ref.account, ref.newsletter),
        deps.issues.find(keyOf(ref)),
      ]);
      if (typeof newsletter === 'string' || row === null) return gone(ref);
      if (row.state !== 'preparing') {
        await settled(deps, row);
        return viewOf(row, { ready: row.state === 'launched' });
      }
      // What a suspended account would have sent is not made up for later.
      const state = (await deps.accounts.standing(ref.account))?.state ?? 'active';
      if (state !== 'active') return viewOf((await skipped(deps, row, 'quota', `The account is ${state}.`)) ?? row);
      const { heartbeat } = deps.host();
      const beat = setInterval(heartbeat, BEAT);
      const work =
        newsletter.source.kind === 'ai' ? drafted(deps, newsletter, row, isLast) : made(deps, newsletter, row);
      return work.catch((error) => refused(deps, row, error)).finally(() => clearInterval(beat));
    },
  };
}

/** What the account's plan does not allow is no outage: the issue is skipped. */
async function refused(deps: IssueGatheringDeps, row: Issue, error: unknown): Promise<IssueView> {
  if (!(error instanceof Failure && FAILURES[error.code].permanent)) throw error;
  return viewOf((await skipped(deps, row, 'quota', error.message)) ?? row);
}

async function made(deps: IssueGatheringDeps, newsletter: Newsletter, row: Issue): Promise<IssueView> {
  if (row.campaign !== null) return viewOf(row, { ready: true });
  const what = await found(deps, newsletter, row);
  if (what.kind === 'nothing') return viewOf((await skipped(deps, row, 'nothing_new', null)) ?? row);
  if (what.kind === 'failed') {
    await deps.issues.note(row, what.why);
    return viewOf(row, { trouble: what.reason });
  }
  return viewOf((await kept(deps, newsletter, row, what)) ?? row, { ready: true });
}

async function kept(
  deps: IssueGatheringDeps,
  newsletter: Newsletter,
  row: Issue,
  { letter, feed }: Found & { kind: 'letter' },
) {
  const content = { ...letter, text: null };
  const campaign = await deps.campaigns.create({
    ...(await fresh(deps, newsletter, row)),
    ...content,
    creation_method: 'html',
  });
  return deps.issues.prepared(row, { campaign: campaign._id, subject: campaign.subject, feed });
}

/** The campaign of an issue: its origin is the issue, so that there is one however often it is made. */
async function fresh(
  { counters }: IssueGatheringDeps,
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
    name: `${newsletter.name}, ${shownIn(newsletter.zone, row.scheduled_at)}`.slice(0, 255),
    approval: hours === null ? null : approvalFor(hours),
    origin: `issue ${row._id}`,
  };
}

/** A text by the model: asked for as a draft of the campaign, and asked for again where none came of it. */
async function drafted(
  deps: IssueGatheringDeps,
  newsletter: Newsletter,
  row: Issue,
  isLast: boolean,
): Promise<IssueView> {
  const campaign =
    row.campaign === null ? await asked(deps, newsletter, row) : await deps.campaigns.find(row.account, row.campaign);
  if (campaign === null) return viewOf((await skipped(deps, row, 'withdrawn')) ?? row);
  if (campaign.state === 'drafting') return viewOf(row, { draft: draftOf(campaign), trouble: 'draft_failed' });
  if (campaign.html !== '' && campaign.subject !== '') {
    await deps.issues.prepared(row, { campaign: campaign._id, subject: campaign.subject, feed: null });
    return viewOf(row, { ready: true });
  }
  await deps.issues.note(row, campaign.reason);
  const again = isLast || campaign.state !== 'draft' ? null : await askedAgain(deps, campaign);
  return viewOf(row, { draft: again && draftOf(again), trouble: 'draft_failed' });
}

async function asked(deps: IssueGatheringDeps, newsletter: Newsletter, row: Issue): Promise<Campaign> {
  const { account, source, subject, preheader } = newsletter;
  if (source.kind !== 'ai') throw new Error(`newsletter ${newsletter._id} asks no model`);
  const subjects = await deps.issues.lastSubjects(account, newsletter._id);
  const day = shownIn(newsletter.zone, row.scheduled_at).slice(0, -6);
  const prompt = promptForIssue(source.prompt, newsletter.name, day, subjects);
  const basis = await fresh(deps, newsletter, row);
  const given = { subject, preheader };
  const { n } = await deps.drafts.ask(account, basis._id, { prompt, source: null, links: source.links, given });
  const empty = { subject: '', preheader: null, html: '', text: null, creation_method: 'ai' as const };
  const campaign = await deps.campaigns.create({ ...basis, ...empty, drafting: { n, send: false, at: null } });
  // A try before this one, which died, has made it already.
  if (campaign._id !== basis._id) await deps.drafts.forget(account, basis._id);
  await deps.issues.prepared(row, { campaign: campaign._id, subject: null, feed: null });
  return campaign;
}

async function askedAgain({ drafts, campaigns }: IssueGatheringDeps, campaign: Campaign): Promise<Campaign | null> {
  const last = await drafts.newest(campaign.account, campaign._id);
  if (last === null) return null;
  const { n } = last.state === 'waiting' ? last : await drafts.ask(campaign.account, campaign._id, last);
  return campaigns.redraft(campaign, { n, send: false, at: null });
}

function draftOf({ account, _id: campaign, drafting }: Campaign) {
  return { account, campaign, n: drafting?.n ?? 1 };
}
