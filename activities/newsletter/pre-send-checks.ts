import type { LetterContent } from '../../domain/campaign/campaign.js';
import type { Finding } from '../../domain/mail/finding.js';
import type { IssueReason } from '../../domain/newsletter/issue.js';
import { acceptSystemMail } from '../../services/accept-system-mail.js';
import {
  type PreviewDeps,
  previewLetter,
  SAMPLE_RECIPIENT,
  testSubject,
} from '../../services/letters/preview-letter.js';
import { letterToSend, type RenderingStores } from '../../services/letters/render-letter.js';
import type { GroupStores } from '../../services/message/message-group.js';
import { campaignSender, isPermittedSender } from '../../services/sender.js';
import type { Members } from '../../store/accounts/members.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Domains } from '../../store/domains/domains.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';

export interface PreSendDeps extends GroupStores, RenderingStores {
  readonly members: Members;
  readonly domains: Domains;
  readonly tasks: PreviewDeps['tasks'];
}

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
  const result = await letterToSend(deps, campaign);
  return result.kind === 'refused'
    ? stopped(result.reason, errorsAmong(result.findings))
    : { kind: 'passed', rendered: result.letter, recipientCount };
}

/** The errors of the content check as sentences; null: there are none. */
function errorsAmong(findings: readonly Finding[]): string | null {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const sentences = errors
    .map(({ code, message, where }) => `${code}: ${message}${where === undefined ? '' : ` (${where})`}`)
    .join(' ');
  return sentences.slice(0, 500) || null;
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
    const content = await previewLetter(deps, campaign.account, rendered, { ...SAMPLE_RECIPIENT, email });
    if ('fault' in content) continue;
    await acceptSystemMail(deps, {
      account: campaign.account,
      key: `issue ${_id} ${campaign._id} ${campaign.revision} test ${email}`,
      from,
      reply_to: null,
      to: { email, name: null },
      tags: ['test'],
      due: campaign.created_at,
      subject: testSubject(content.subject),
      html: content.html,
      text: content.text,
    });
  }
}
