import { fixedLetter } from '../../../../domain/campaign/campaign.js';
import { Failure } from '../../../../domain/errors.js';
import { blocksSending, type Finding, finding, storedFindings } from '../../../../domain/mail/finding.js';
import type { Recipient } from '../../../../mail/letter/letter.js';
import type { FilledParts, MailParts } from '../../../../mail/liquid/fill-parts.js';
import { previewLetter, SAMPLE_RECIPIENT } from '../../../../services/letters/preview-letter.js';
import {
  type CampaignToRender,
  type RenderedCampaign,
  renderCampaign,
} from '../../../../services/letters/render-letter.js';
import type { Campaign } from '../../../../store/campaigns/row.js';
import type { PreviewRecipient, PreviewResponse } from '../../../schema/preview.js';
import type { Deps } from '../../../wiring.js';
import { demandText } from '../update.js';

interface PreviewedLetter extends MailParts {
  readonly findings: readonly Finding[];
}

/** The letter that the launch has fixed, so that approvers see it; else the letter as it would be sent now. */
async function letterToPreview(deps: Deps, row: Campaign): Promise<PreviewedLetter> {
  const fixed = fixedLetter(row);
  if (fixed === null) return renderCampaign(deps, row);
  const findings = (row.findings ?? []).map(({ code, where }) => finding(code, where));
  return { ...(await deps.contents.letter(row.account, fixed)), findings };
}

/** Refuses a campaign that may not be sent, before any change; returns it as it would be sent now. */
export async function demandSendable(deps: Deps, campaign: CampaignToRender): Promise<RenderedCampaign> {
  const rendered = await renderCampaign(deps, campaign);
  const { findings } = rendered;
  if (!blocksSending(findings)) return rendered;
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

/** The letter of a campaign for a subscriber of its list, or for sample data. */
export async function campaignPreview(
  deps: Deps,
  row: Campaign,
  requested: PreviewRecipient,
): Promise<PreviewResponse> {
  demandText(row);
  const recipient = await previewRecipient(deps, row, requested);
  const letter = await letterToPreview(deps, row);
  return previewView(await fillLetter(deps, row.account, letter, recipient), letter);
}

/** A subscriber of the campaign's list, or a sample recipient. */
export async function previewRecipient(
  { subscribers }: Deps,
  { account, list_id }: Campaign,
  { subscriber_id, sample }: PreviewRecipient,
): Promise<Recipient> {
  if (subscriber_id === undefined) return { ...SAMPLE_RECIPIENT, ...sample };
  const row = await subscribers.find(account, subscriber_id);
  if (typeof row === 'object' && row.list_id === list_id) return { ...row, id: row._id };
  throw new Failure('validation_failed', { subscriber_id: ['The selected subscriber_id is invalid.'] });
}

/** Fills one recipient's fields into the letter. */
export async function fillLetter(
  deps: Deps,
  account: number,
  letter: MailParts,
  recipient: Recipient,
): Promise<FilledParts> {
  const filled = await previewLetter(deps, account, letter, recipient);
  if ('fault' in filled) throw new Failure(filled.code, { html: [filled.fault] });
  return filled;
}

export function previewView(
  { missing, ...letter }: FilledParts,
  { findings }: { readonly findings: readonly Finding[] },
): PreviewResponse {
  return {
    ...letter,
    subject: letter.subject.trim(),
    bytes: Buffer.byteLength(letter.html),
    missing: [...missing],
    findings: [...findings],
  };
}
