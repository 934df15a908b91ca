import { fixedLetter } from '../../../../domain/campaign/campaign.js';
import { Failure } from '../../../../domain/errors.js';
import { blocksSending, type Finding, finding, storedFindings } from '../../../../domain/mail/finding.js';
import { templateFor } from '../../../../domain/template.js';
import { isDocument } from '../../../../mail/letter/document.js';
import type { Recipient } from '../../../../mail/letter/letter.js';
import { fieldsOf } from '../../../../mail/letter/splice.js';
import { type FilledParts, fillParts, parseParts } from '../../../../mail/liquid/fill-parts.js';
import { campaignJob, type Rendered } from '../../../../mail/render/job.js';
import type { Campaign } from '../../../../store/campaigns/row.js';
import type { PreviewRecipient, PreviewResponse } from '../../../schema/preview.js';
import type { Deps } from '../../../wiring.js';

type RenderDeps = Pick<Deps, 'accounts' | 'lists' | 'templateCache' | 'subscribers' | 'templates'>;
type Content = Pick<Campaign, 'account' | 'list_id' | 'template_id' | 'subject' | 'preheader' | 'html' | 'text'>;

type PreviewLetter = Rendered & Pick<Content, 'subject' | 'preheader'>;

/** Replaces a recipient's token, so that the links of a preview unsubscribe no subscriber. */
export const PREVIEW_TOKEN = 'preview';

/** Renders a campaign as it would be sent now. Throws `template_not_published` where its template is missing. */
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

/** The letter that the launch has fixed, so that approvers see it; else the letter as it would be sent now. */
export async function letterToPreview(
  deps: RenderDeps & Pick<Deps, 'contents'>,
  row: Campaign,
): Promise<PreviewLetter> {
  const fixed = fixedLetter(row);
  if (fixed === null) return { ...(await renderCampaign(deps, row)), subject: row.subject, preheader: row.preheader };
  const findings = (row.findings ?? []).map(({ code, where }) => finding(code, where));
  return { ...(await deps.contents.letter(row.account, fixed)), findings };
}

/** Refuses a campaign that may not be sent, before any change; returns the findings that allow sending. */
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

/** A subscriber of the campaign's list, or a sample recipient. */
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

/** Fills one recipient's fields into the letter. */
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
