import type { Config } from '../../config.js';
import { isUnnamed } from '../../domain/brand/brand.js';
import type { LetterContent } from '../../domain/campaign/campaign.js';
import { Failure, isUnrenderable } from '../../domain/errors.js';
import { blocksSending, type Finding, finding, storedFindings } from '../../domain/mail/finding.js';
import { templateFor } from '../../domain/template.js';
import { isDocument } from '../../mail/letter/document.js';
import { campaignJob, type Rendered } from '../../mail/render/job.js';
import type { Renderer } from '../../mail/render/pool.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { CampaignContent, RenderedLetter } from '../../store/campaigns/row.js';
import type { List, Lists } from '../../store/lists/lists.js';
import type { Contents } from '../../store/messages/contents.js';
import type { Subscribers } from '../../store/subscribers/subscribers.js';
import type { Templates } from '../../store/templates/templates.js';
import { campaignSender } from '../sender.js';
import { defaultTemplate } from './default-template.js';
import { asRecipient } from './preview-letter.js';

export interface RenderingStores {
  readonly accounts: Accounts;
  readonly lists: Lists;
  readonly subscribers: Subscribers;
  readonly templates: Templates;
  readonly renderer: Renderer;
  readonly config: Config;
}

/** A campaign, also one that has no row yet. */
export interface CampaignToRender extends CampaignContent {
  readonly account: number;
  readonly list_id: number;
}

export interface RenderedCampaign extends Rendered {
  readonly subject: string;
  readonly preheader: string | null;
  /** Null: the campaign is a whole document. */
  readonly template: number | null;
  readonly list: List;
}

/** Recipients that a letter is filled for before it may be sent. */
const READERS_TRIED = 10;
const asReader = ({ _id, ...reader }: Awaited<ReturnType<Subscribers['newestActive']>>[number]) =>
  asRecipient({ ...reader, id: _id });

/** Renders a campaign as it would be sent now. Throws `template_not_published` where it names such a template. */
export async function renderCampaign(stores: RenderingStores, campaign: CampaignToRender): Promise<RenderedCampaign> {
  const { account: id, list_id } = campaign;
  const [list, account, byDefault, fields, readers] = await Promise.all([
    stores.lists.find(id, list_id),
    stores.accounts.settings(id),
    defaultTemplate(stores, id),
    stores.subscribers.fieldNames(id, list_id),
    stores.subscribers.newestActive(id, list_id, READERS_TRIED),
  ]);
  if (typeof list === 'string') throw new Failure('validation_failed', { list_id: ['The list is gone.'] });
  const template = templateFor({ ...campaign, is_document: isDocument(campaign.html) }, byDefault);
  const edition = template === null ? null : await stores.templates.publishedEdition(id, template);
  if (template !== null && edition === null) throw new Failure('template_not_published');
  const job = campaignJob({ campaign, account, list, template: edition, fields, readers: readers.map(asReader) });
  const { subject, preheader } = job;
  const rendered = await stores.renderer
    .render(id, job)
    .catch((error: unknown) => Promise.reject(namedAsCampaign(error)));
  const isNamed = template === null || !isUnnamed(account);
  const findings = isNamed ? rendered.findings : [...rendered.findings, finding('brand_not_set', job.brand.name ?? '')];
  return { subject, preheader, ...rendered, findings, template, list };
}

/** The body of a letter is the field `html` of its campaign. */
function namedAsCampaign(error: unknown): unknown {
  if (!isUnrenderable(error)) return error;
  const { body, ...others } = error.errors ?? {};
  return new Failure(error.code, { ...others, ...(body !== undefined && { html: body }) });
}

/** What a launch sends, or why it must not send; either with the findings of the content check. */
export type LetterToSend = { readonly findings: readonly Finding[] } & (
  | { readonly kind: 'letter'; readonly letter: LetterContent; readonly template: number | null }
  | { readonly kind: 'refused'; readonly reason: 'content_blocked' | 'template_not_published' }
);

/** Renders a campaign for its launch, with the sender that it would have now. */
export async function letterToSend(stores: RenderingStores, campaign: CampaignToRender): Promise<LetterToSend> {
  const rendered = await renderCampaign(stores, campaign).catch(refusalOf);
  if ('kind' in rendered) return rendered;
  const { findings, template } = rendered;
  if (blocksSending(findings)) return { kind: 'refused', reason: 'content_blocked', findings };
  return { kind: 'letter', letter: await letterOf(stores, campaign, rendered), template, findings };
}

async function letterOf(
  stores: RenderingStores,
  campaign: CampaignToRender,
  { subject, preheader, html, text, textLinks, list }: RenderedCampaign,
): Promise<LetterContent> {
  const from = await campaignSender(stores, campaign);
  const reply_to = campaign.reply_to ?? list.defaults.reply_to;
  return {
    ...{ subject, preheader, html, text, from, reply_to, list: list.name },
    ...(textLinks !== undefined && { text_links: textLinks }),
  };
}

/** Stores the letter of a campaign that has just been rendered and may be sent, for its launch. */
export async function storeLetter(
  stores: RenderingStores & { readonly contents: Pick<Contents, 'saveLetter'> },
  campaign: CampaignToRender,
  rendered: RenderedCampaign,
): Promise<RenderedLetter> {
  const hash = await stores.contents.saveLetter(campaign.account, await letterOf(stores, campaign, rendered));
  return { rendered: hash, rendered_template: rendered.template, findings: storedFindings(rendered.findings) };
}

/** The field and the sentence of each fault, with the line where it is known. */
function faultsOf({ errors = {} }: Failure): readonly Finding[] {
  return Object.entries(errors).flatMap(([field, sentences]) =>
    sentences.map((sentence) => finding('not_renderable', `${field}: ${sentence}`)),
  );
}

/** The refusals that an author can correct; any other error is thrown. */
function refusalOf(error: unknown): LetterToSend {
  if (isUnrenderable(error)) return { kind: 'refused', reason: 'content_blocked', findings: faultsOf(error) };
  if (error instanceof Failure && error.code === 'template_not_published')
    return { kind: 'refused', reason: error.code, findings: [] };
  throw error;
}
