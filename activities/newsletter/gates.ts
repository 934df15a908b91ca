import type { Config } from '../../config.js';
import type { LetterContent } from '../../domain/campaign.js';
import type { IssueReason } from '../../domain/newsletter/issue.js';
import { parseMailbox } from '../../mail/address.js';
import { filled, parsedParts } from '../../mail/filling.js';
import { chosenSender } from '../../mail/sender.js';
import { fieldsOf } from '../../mail/splice.js';
import type { Campaign } from '../../store/campaigns.js';
import type { Domains } from '../../store/domains.js';
import type { Members } from '../../store/members.js';
import type { Newsletter } from '../../store/newsletters.js';
import type { Subscribers } from '../../store/subscribers.js';
import { acceptNote, type NoteDeps } from '../message/note.js';
import { type LookingDeps, letterOf } from '../rendering.js';

export interface GateDeps extends NoteDeps, LookingDeps {
  readonly members: Pick<Members, 'approvers'>;
  readonly subscribers: LookingDeps['subscribers'] & Pick<Subscribers, 'countSendable'>;
  readonly senderDomains: Pick<Domains, 'verifiedFor'>;
  readonly config: Pick<Config, 'publicUrl' | 'mailFrom' | 'requireVerifiedDomains'>;
}

export type Passed =
  | { readonly kind: 'passed'; readonly rendered: LetterContent; readonly people: number }
  | { readonly kind: 'stopped'; readonly reason: IssueReason; readonly detail: string | null };

/** What keeps an issue from its readers although it is written. Nothing changes here. */
export async function gates(deps: GateDeps, newsletter: Newsletter, campaign: Campaign): Promise<Passed> {
  const stopped = (reason: IssueReason, detail: string | null = null) => ({ kind: 'stopped' as const, reason, detail });
  const people = await deps.subscribers.countSendable(campaign.account, campaign.list_id);
  if (people === 0) return stopped('no_recipients');
  const { max_recipients: most } = newsletter;
  if (most !== null && people > most) return stopped('too_many_recipients', `${people} recipients, ${most} at most`);
  if (campaign.approval != null && (await deps.members.approvers(campaign.account)).length === 0)
    return stopped('no_approvers');
  const { email } = await senderOf(deps, campaign);
  if (!(await mayBeFrom(deps, campaign.account, email))) return stopped('sender_not_verified', email);
  const rendered = await renditionOf(deps, campaign);
  return typeof rendered === 'string' ? stopped('content_blocked', rendered) : { kind: 'passed', rendered, people };
}

/** The letter as it would go out; a string says what the check found. */
async function renditionOf(deps: GateDeps, campaign: Campaign): Promise<LetterContent | string> {
  const { letter, findings } = await letterOf(deps, campaign);
  if (letter !== undefined) return letter;
  const errors = findings.filter(({ severity }) => severity === 'error');
  return errors
    .map(({ code, message }) => `${code}: ${message}`)
    .join(' ')
    .slice(0, 500);
}

async function mayBeFrom({ config, senderDomains }: GateDeps, account: number, email: string): Promise<boolean> {
  if (!config.requireVerifiedDomains) return true;
  const domain = parseMailbox(email)?.domain;
  return domain !== undefined && senderDomains.verifiedFor(account, domain);
}

async function senderOf({ accounts, lists, config }: GateDeps, { account, list_id, from }: Campaign) {
  const [list, owner] = await Promise.all([lists.find(account, list_id), accounts.find(account)]);
  const ofList = typeof list === 'object' ? list.defaults.from : null;
  return chosenSender({ campaign: from, list: ofList, lastResort: owner?.mail_from ?? config.mailFrom });
}

/** Members see an issue before its readers do; each once, however often this is asked for. */
export async function showFirst(
  deps: GateDeps,
  { test_to, _id }: Newsletter,
  campaign: Campaign,
  rendered: LetterContent,
): Promise<void> {
  if (test_to.length === 0) return;
  const from = await senderOf(deps, campaign);
  for (const email of test_to) {
    const recipient = { id: 0, email, first_name: 'Ada', last_name: 'Lovelace', attributes: {} };
    const { subject, preheader } = campaign;
    const parts = parsedParts({ subject, preheader, html: rendered.html, text: rendered.text });
    const said = filled(parts, fieldsOf(recipient, deps.config.publicUrl, 'preview'));
    if (typeof said === 'string') continue;
    await acceptNote(deps, {
      account: campaign.account,
      key: `issue ${_id} ${campaign._id} ${campaign.revision} test ${email}`,
      from,
      reply_to: null,
      to: { email, name: null },
      tags: ['test'],
      subject: `[Test] ${said.subject.replace(/\p{Cc}+/gu, ' ').trim()}`.slice(0, 998),
      html: said.html,
      text: said.text,
    });
  }
}
