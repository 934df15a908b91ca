import type { Config } from '../../config.js';
import { remindAt } from '../../domain/campaign/approval.js';
import type { LetterContent } from '../../domain/campaign/campaign.js';
import { preferredLanguage } from '../../domain/language.js';
import { approvalMail } from '../../mail/system/approval.js';
import { approvalUrl, type LinkTokens } from '../../mail/tokens/link-tokens.js';
import { acceptSystemMail } from '../../services/accept-system-mail.js';
import { approverPreview, type PreviewDeps } from '../../services/letters/preview-letter.js';
import type { GroupStores } from '../../services/message/message-group.js';
import { accountSender } from '../../services/sender.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { Member, Members } from '../../store/accounts/members.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Lists } from '../../store/lists/lists.js';
import type { Subscribers } from '../../store/subscribers/subscribers.js';
import type { CampaignInput } from '../../workflows/messages/campaign.js';

export interface ApprovalDeps extends GroupStores {
  readonly campaigns: Pick<Campaigns, 'find' | 'expire'>;
  readonly members: Pick<Members, 'approvers'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly lists: Pick<Lists, 'find'>;
  readonly subscribers: Pick<Subscribers, 'countSendable'>;
  readonly linkTokens: Pick<LinkTokens, 'forApproval'>;
  readonly tasks: PreviewDeps['tasks'];
  readonly config: Pick<Config, 'publicUrl' | 'mailFrom'>;
}

/** What the workflow waits for; ISO 8601. */
export interface ApprovalRequest {
  readonly remindAt: string | null;
  readonly until: string;
}

export function approvalRequestOf({ approval }: Pick<Campaign, 'approval'>): ApprovalRequest | null {
  if (approval?.requested == null) return null;
  const { requested } = approval;
  return { remindAt: remindAt(requested)?.toISOString() ?? null, until: requested.until.toISOString() };
}

/** The steps of a campaign that waits for approval. */
export function approvalActivities(deps: ApprovalDeps) {
  const campaignAwaitingApproval = async ({ account, campaign, launch }: CampaignInput): Promise<Campaign | null> => {
    const row = await deps.campaigns.find(account, campaign);
    return row?.launch === launch && row.state === 'awaiting_approval' ? row : null;
  };
  /** The rendered letter; null: the campaign has just changed, and a signal to the workflow follows. */
  const renderedLetter = async ({ account, rendered }: Campaign) =>
    rendered == null ? null : { hash: rendered, content: await deps.contents.letter(account, rendered) };
  return {
    /** Mails each approver one request and one reminder for each revision. Idempotent. */
    requestApproval: async (input: CampaignInput, reminder: boolean): Promise<void> => {
      const row = await campaignAwaitingApproval(input);
      const letter = row && (await renderedLetter(row));
      if (row === null || letter === null) return;
      for (const member of await deps.members.approvers(row.account))
        await mailApprover(deps, row, letter, member, reminder);
    },

    /** No approver answered before the deadline: the campaign becomes a draft again. */
    expireApproval: async (input: CampaignInput): Promise<void> => {
      const row = await campaignAwaitingApproval(input);
      if (row !== null) await deps.campaigns.expire(row);
    },
  };
}

interface Rendered {
  readonly hash: string;
  readonly content: LetterContent;
}

async function mailApprover(
  deps: ApprovalDeps,
  row: Campaign,
  { hash, content }: Rendered,
  member: Member,
  reminder: boolean,
): Promise<void> {
  const { account, _id: campaign, launch, revision, approval } = row;
  const [list, owner, recipientCount] = await Promise.all([
    deps.lists.find(account, row.list_id),
    deps.accounts.find(account),
    deps.subscribers.countSendable(account, row.list_id),
  ]);
  if (typeof list === 'string' || approval?.requested == null) return;
  const token = deps.linkTokens.forApproval({ campaign, launch, revision, letter: hash, member: member._id });
  await acceptSystemMail(deps, {
    account,
    key: `approval ${campaign} ${launch} ${revision} ${hash.slice(0, 12)} ${member._id} ${reminder ? 'reminder' : 'request'}`,
    from: await accountSender(deps, account),
    reply_to: null,
    to: { email: member.email, name: member.name },
    tags: ['approval'],
    due: (reminder ? remindAt(approval.requested) : null) ?? approval.requested.at,
    ...approvalMail({
      preview: await approverPreview(deps, account, content, member),
      language: preferredLanguage({ list: list.language ?? owner?.brand?.language }),
      from: content.from,
      list: content.list,
      people: recipientCount,
      url: approvalUrl(deps.config.publicUrl, token),
      until: approval.requested.until,
      sendAt: row.scheduled_at,
      reminder,
    }),
  });
}
