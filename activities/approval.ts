import type { Config } from '../config.js';
import { remindAt } from '../domain/approval.js';
import type { LetterContent } from '../domain/campaign.js';
import { chosenLanguage } from '../domain/language.js';
import { approvalLetter } from '../mail/approval.js';
import { approvalTokens, approvalUrl } from '../mail/approval-token.js';
import { previewFor } from '../mail/preview.js';
import { chosenSender } from '../mail/sender.js';
import type { Accounts } from '../store/accounts.js';
import type { Campaign, Campaigns } from '../store/campaigns.js';
import type { Contents } from '../store/contents.js';
import type { Lists } from '../store/lists.js';
import type { Member, Members } from '../store/members.js';
import type { Secrets } from '../store/secrets.js';
import type { Subscribers } from '../store/subscribers.js';
import type { CampaignInput } from '../workflows/messages.js';
import { acceptNote, type NoteDeps } from './message/note.js';

export interface ApprovalDeps extends NoteDeps {
  readonly campaigns: Pick<Campaigns, 'find' | 'lapse'>;
  readonly members: Pick<Members, 'approvers'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly lists: Pick<Lists, 'find'>;
  readonly subscribers: Pick<Subscribers, 'countSendable'>;
  readonly contents: Pick<Contents, 'keep' | 'letter'>;
  readonly linkRing: Secrets['ring'];
  readonly config: Pick<Config, 'publicUrl' | 'mailFrom'>;
}

/** What the workflow waits for; ISO 8601. */
export interface Question {
  readonly remindAt: string | null;
  readonly until: string;
}

export function questionOf({ approval }: Pick<Campaign, 'approval'>): Question | null {
  if (approval?.asked == null) return null;
  const { asked } = approval;
  return { remindAt: remindAt(asked)?.toISOString() ?? null, until: asked.until.toISOString() };
}

/** The steps of a campaign that waits for somebody's yes. */
export function approvalActivities(deps: ApprovalDeps) {
  const waiting = async ({ account, campaign, launch }: CampaignInput): Promise<Campaign | null> => {
    const row = await deps.campaigns.find(account, campaign);
    return row?.launch === launch && row.state === 'awaiting_approval' ? row : null;
  };
  /** The letter as it is rendered; null: it was changed a moment ago, and the workflow will hear of it. */
  const letterIn = async ({ account, rendered }: Campaign) =>
    rendered == null ? null : { hash: rendered, content: await deps.contents.letter(account, rendered) };
  return {
    /** Mails every approver, each once about each text and once as a reminder, however often this is asked for. */
    askApprovers: async (input: CampaignInput, reminder: boolean): Promise<void> => {
      const row = await waiting(input);
      const letter = row && (await letterIn(row));
      if (row === null || letter === null) return;
      for (const member of await deps.members.approvers(row.account)) await mailTo(deps, row, letter, member, reminder);
    },

    /** Nobody has answered in time: a draft again. */
    lapseApproval: async (input: CampaignInput): Promise<void> => {
      const row = await waiting(input);
      if (row !== null) await deps.campaigns.lapse(row);
    },
  };
}

interface Rendered {
  readonly hash: string;
  readonly content: LetterContent;
}

async function mailTo(
  deps: ApprovalDeps,
  row: Campaign,
  { hash, content }: Rendered,
  member: Member,
  reminder: boolean,
): Promise<void> {
  const { account, _id: campaign, launch, revision, approval } = row;
  const [list, owner, people, ring] = await Promise.all([
    deps.lists.find(account, row.list_id),
    deps.accounts.find(account),
    deps.subscribers.countSendable(account, row.list_id),
    deps.linkRing(),
  ]);
  if (typeof list === 'string' || approval?.asked == null) return;
  const [first_name = '', ...rest] = member.name.split(' ');
  const token = approvalTokens(ring).sign({ campaign, launch, revision, letter: hash, member: member._id });
  await acceptNote(deps, {
    account,
    key: `approval ${campaign} ${launch} ${revision} ${hash.slice(0, 12)} ${member._id} ${reminder ? 'reminder' : 'request'}`,
    from: chosenSender({ campaign: null, list: null, lastResort: owner?.mail_from ?? deps.config.mailFrom }),
    reply_to: null,
    to: { email: member.email, name: member.name },
    tags: ['approval'],
    ...approvalLetter({
      preview: previewFor(content, { email: member.email, first_name, last_name: rest.join(' ') }),
      language: chosenLanguage({ list: list.language ?? owner?.brand?.language }),
      from: content.from,
      list: content.list,
      people,
      url: approvalUrl(deps.config.publicUrl, token),
      until: approval.asked.until,
      sendAt: row.scheduled_at,
      reminder,
    }),
  });
}
