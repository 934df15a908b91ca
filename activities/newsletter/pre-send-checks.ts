import type { Config } from '../../config.js';
import type { LetterContent } from '../../domain/campaign/campaign.js';
import type { IssueReason } from '../../domain/newsletter/issue.js';
import { fieldsOf } from '../../mail/letter/splice.js';
import { fillParts, parseParts } from '../../mail/liquid/fill-parts.js';
import { acceptSystemMail } from '../../services/accept-system-mail.js';
import type { GroupStores } from '../../services/message/message-group.js';
import { campaignSender, isPermittedSender } from '../../services/sender.js';
import type { Members } from '../../store/accounts/members.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Domains } from '../../store/domains/domains.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import type { Subscribers } from '../../store/subscribers/subscribers.js';
import { type LetterRenderingDeps, renderLetter } from '../campaign/rendering.js';

export type PreSendDeps = GroupStores &
  LetterRenderingDeps & {
    readonly members: Members;
    readonly subscribers: Subscribers;
    readonly domains: Domains;
    readonly config: Config;
  };

export type PreSendResult =
  | { readonly kind: 'passed'; readonly rendered: LetterContent; readonly recipientCount: number }
  | { readonly kind: 'stopped'; readonly reason: IssueReason; readonly detail: string | null };

/** Whether a prepared issue may be sent. Changes nothing. */
export async function preSendChecks(
  deps: PreSendDeps,
  newsletter: Newsletter,
  campaign: Campaign,
): Promise<PreSendResult> {
  const stopped = (reason: IssueReason, detail: string | null = null) => ({ kind: 'stopped' as const, reason, detail });
  const recipientCount = await deps.subscribers.countSendable(campaign.account, campaign.list_id);
  if (recipientCount === 0) return stopped('no_recipients');
  const { max_recipients: most } = newsletter;
  if (most !== null && recipientCount > most)
    return stopped('too_many_recipients', `${recipientCount} recipients, ${most} at most`);
  if (campaign.approval != null && (await deps.members.approvers(campaign.account)).length === 0)
    return stopped('no_approvers');
  const { email } = await campaignSender(deps, campaign);
  if (!(await isPermittedSender(deps, campaign.account, email))) return stopped('sender_not_verified', email);
  const rendered = await renderedLetterOf(deps, campaign);
  return typeof rendered === 'string'
    ? stopped('content_blocked', rendered)
    : { kind: 'passed', rendered, recipientCount };
}

/** The rendered letter; a string holds the errors that the content check found. */
async function renderedLetterOf(deps: PreSendDeps, campaign: Campaign): Promise<LetterContent | string> {
  const { letter, findings } = await renderLetter(deps, campaign);
  if (letter !== undefined) return letter;
  const errors = findings.filter(({ severity }) => severity === 'error');
  return errors
    .map(({ code, message }) => `${code}: ${message}`)
    .join(' ')
    .slice(0, 500);
}

/** Sends an issue to the members in `test_to` before it is launched; each member gets it once, also where the step is repeated. */
export async function sendTestCopies(
  deps: PreSendDeps,
  { test_to, _id }: Newsletter,
  campaign: Campaign,
  rendered: LetterContent,
): Promise<void> {
  if (test_to.length === 0) return;
  const from = await campaignSender(deps, campaign);
  for (const email of test_to) {
    const recipient = { id: 0, email, first_name: 'Ada', last_name: 'Lovelace', attributes: {} };
    const { subject, preheader } = campaign;
    const parts = parseParts({ subject, preheader, html: rendered.html, text: rendered.text });
    const content = fillParts(parts, fieldsOf(recipient, deps.config.publicUrl, 'preview'));
    if ('fault' in content) continue;
    await acceptSystemMail(deps, {
      account: campaign.account,
      key: `issue ${_id} ${campaign._id} ${campaign.revision} test ${email}`,
      from,
      reply_to: null,
      to: { email, name: null },
      tags: ['test'],
      subject: `[Test] ${content.subject.replace(/\p{Cc}+/gu, ' ').trim()}`.slice(0, 998),
      html: content.html,
      text: content.text,
    });
  }
}
