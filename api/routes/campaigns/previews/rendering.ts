import { fixedLetter } from '../../../../domain/campaign/campaign.js';
import { Failure } from '../../../../domain/errors.js';
import { blocksSending, type Finding, finding, storedFindings } from '../../../../domain/mail/finding.js';
import { templateFor } from '../../../../domain/template.js';
import { isDocument } from '../../../../mail/letter/document.js';
import type { Recipient } from '../../../../mail/letter/letter.js';
import { fieldsOf } from '../../../../mail/letter/splice.js';
import { type FilledParts, fillParts, parseParts } from '../../../../mail/liquid/fill-parts.js';
import { campaignJob } from '../../../../mail/render/campaign-job.js';
import type { Rendered } from '../../../../mail/render/job.js';
import type { Campaign } from '../../../../store/campaigns/campaigns.js';
import type { PreviewRecipient, PreviewResponse } from '../../../schema/preview.js';
import type { Deps } from '../../../wiring.js';

type RenderDeps = Pick<Deps, 'accounts' | 'lists' | 'templateCache' | 'subscribers' | 'templates'>;
type Content = Pick<Campaign, 'account' | 'list_id' | 'template_id' | 'subject' | 'preheader' | 'html' | 'text'>;

type PreviewLetter = Rendered & Pick<Content, 'subject' | 'preheader'>;

/** In the place of a recipient's token: whoever tries the links of a preview takes nobody off a list. */
export const PREVIEW_TOKEN = 'preview';

/** A campaign as it would go out now. Throws `template_not_published` where it could not. */
export async function renderCampaign(deps: RenderDeps, campaign: Content): Promise<Rendered> {
  const { account: id, list_id } = campaign;
  const [list, account, fields] = await Promise.all([
    deps.lists.find(id, list_id),
    deps.accounts.settings(id),
    deps.subscribers.fieldNames(id, list_id),
  ]);
  if (typeof list === 'string') throw new Failure('validation_failed', { list_id: ['The list is gone.'] });
  const templateId = templateFor({ ...campaign, is_document: isDocument(campaign.html) }, account.default_template);
  const template = templateId === null ? null : await deps.templates.publishedEdition(id, templateId);
  if (template === null && campaign.template_id !== null) throw new Failure('template_not_published');
  return deps.templateCache.render(campaignJob({ campaign, account, list, template, fields }));
}

/** The letter that its launch has fixed, so that what is asked about can be read; else as it would go out now. */
export async function letterToPreview(
  deps: RenderDeps & Pick<Deps, 'contents'>,
  row: Campaign,
): Promise<PreviewLetter> {
  const fixed = fixedLetter(row);
  if (fixed === null) return { ...(await renderCampaign(deps, row)), subject: row.subject, preheader: row.preheader };
  const findings = (row.findings ?? []).map(({ code, where }) => finding(code, where));
  return { ...(await deps.contents.letter(row.account, fixed)), findings };
}

/** What stands in the way of sending is said before anything changes; answers what does not. */
export async function demandSendable(deps: RenderDeps, campaign: Content): Promise<readonly Finding[]> {
  const { findings } = await renderCampaign(deps, campaign);
  if (!blocksSending(findings)) return findings;
  const errors = findings.filter(({ severity }) => severity === 'error').slice(0, 20);
  const sentences = new Map<string, string[]>();
  for (const { code, message, where } of errors) {
    sentences.set(code, [...(sentences.get(code) ?? []), where === undefined ? message : `${message} (${where})`]);
  }
  throw new Failure('content_blocked', Object.fromEntries(sentences));
}

/** A launched row with the findings of its check, until its letter is rendered and checked again. */
export function withFindings(row: Campaign, findings: readonly Finding[]): Campaign {
  return { ...row, findings: storedFindings(findings) };
}

/** Somebody on the campaign's list, or somebody made up. */
export async function previewRecipient(
  { subscribers }: Pick<Deps, 'subscribers'>,
  { account, list_id }: Pick<Campaign, 'account' | 'list_id'>,
  { subscriber_id, sample = {} }: PreviewRecipient,
): Promise<Recipient> {
  if (subscriber_id === undefined) {
    const { email = 'ada@example.org', first_name = 'Ada', last_name = 'Lovelace', attributes = {} } = sample;
    return { id: 0, email, first_name, last_name, attributes };
  }
  const row = await subscribers.find(account, subscriber_id);
  if (typeof row === 'object' && row.list_id === list_id) return { ...row, id: row._id };
  throw new Failure('validation_failed', { subscriber_id: ['The selected subscriber_id is invalid.'] });
}

/** The letter with one recipient's fields in it. */
export function fillLetter(
  { config }: Pick<Deps, 'config'>,
  { subject, preheader }: Pick<Content, 'subject' | 'preheader'>,
  { html, text }: Rendered,
  recipient: Recipient,
): FilledParts {
  const fields = fieldsOf(recipient, config.publicUrl, PREVIEW_TOKEN);
  const filledLetter = fillParts(parseParts({ subject, preheader, html, text }), fields, false);
  if ('fault' in filledLetter) throw new Failure(filledLetter.code, { html: [filledLetter.fault] });
  return filledLetter;
}

export function previewView(
  { missing, ...letter }: FilledParts,
  { findings }: Pick<Rendered, 'findings'>,
): PreviewResponse {
  return {
    ...letter,
    subject: letter.subject.trim(),
    bytes: Buffer.byteLength(letter.html),
    missing: [...missing],
    findings: [...findings],
  };
}
