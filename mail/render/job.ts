import { type Brand, brandOf } from '../../domain/brand/brand.js';
import type { Block } from '../../domain/mail/blocks.js';
import type { Finding } from '../../domain/mail/finding.js';
import { type LanguageContent, matchLanguage, type TemplateEdition } from '../../domain/template.js';
import type { Recipient } from '../letter/letter.js';
import type { LinkRange } from '../letter/links/address-grammar.js';

/**
 * The frame of a body. `source` is Liquid: `{{ content }}`, `brand.*` and `mail.*` are filled once, the rest for each
 * recipient.
 */
export interface Template {
  readonly format: 'mjml' | 'html';
  readonly source: string;
}

export type Body =
  | { readonly format: 'html'; readonly source: string }
  | { readonly format: 'mjml'; readonly source: string }
  | { readonly format: 'blocks'; readonly blocks: readonly Block[] };

/** A campaign goes to subscribers, who may unsubscribe; a message answers an action of its recipient. */
type Purpose = 'campaign' | 'message';

/** The input of a rendering. Plain data, because it is sent to another thread. */
export interface RenderJob {
  /** Null: the body is a whole document. */
  readonly template: Template | null;
  /** Null: the template contains the whole text. */
  readonly body: Body | null;
  readonly brand: Brand;
  /** Liquid, plain text. */
  readonly subject: string;
  /** Liquid, plain text. */
  readonly preheader: string | null;
  /** Liquid; null: made from the HTML. */
  readonly text: string | null;
  /** BCP 47. */
  readonly language: string;
  readonly purpose: Purpose;
  /** Top-level names of the recipients' fields; null: unknown ones are not reported. */
  readonly fields: readonly string[] | null;
  /** Some of the recipients. A letter that can be filled for none of them is refused; absent or empty: none is tried. */
  readonly readers?: readonly Recipient[];
}

/** A letter for all recipients, with Liquid in it that `mail/letter/compile.ts` fills for each recipient. */
export interface Rendered {
  /** A whole document: styles inlined, with preheader and the legal footer. */
  readonly html: string;
  readonly text: string;
  /** Where the links of a text stand that was made from the HTML; absent: the text is the author's. */
  readonly textLinks?: readonly LinkRange[];
  readonly findings: readonly Finding[];
}

/** The rows that a campaign's letter is made from. */
interface CampaignSources {
  readonly campaign: {
    readonly subject: string;
    readonly preheader: string | null;
    readonly html: string;
    readonly text: string | null;
    readonly from: { readonly name: string | null } | null;
  };
  readonly account: { readonly name: string; readonly brand?: Brand };
  readonly list: {
    readonly name: string;
    readonly language?: string | null;
    readonly company: Company;
    readonly defaults: { readonly from: { readonly name: string | null } | null };
  };
  /** The published edition in use; null: the campaign is a whole document. */
  readonly template: TemplateEdition | null;
  /** Names of its recipients' fields; null: not checked. */
  readonly fields: readonly string[] | null;
  readonly readers: readonly Recipient[];
}

interface Company {
  readonly name: string | null;
  readonly address_1: string | null;
  readonly address_2: string | null;
  readonly city: string | null;
  readonly zip_code: string | null;
  readonly country: string | null;
}

/** A template alone, as a message has it. */
export function templateJob(
  { subject, preheader, format, source, text }: LanguageContent,
  { brand, language }: Pick<RenderJob, 'brand' | 'language'>,
): RenderJob {
  return {
    template: { format, source },
    body: null,
    brand,
    subject: subject ?? '',
    preheader,
    text,
    language,
    purpose: 'message',
    fields: null,
  };
}

export function campaignJob({ campaign, account, list, template, fields, readers }: CampaignSources): RenderJob {
  const from = campaign.from ?? list.defaults.from;
  const brand = brandOf(account, [list.company.name, from?.name ?? null, list.name]);
  const language = list.language ?? brand.language;
  const edition = template === null ? undefined : matchLanguage(template, language);
  return {
    template: edition === undefined ? null : templateOf(edition.content),
    body: { format: 'html', source: campaign.html },
    brand: { ...brand, postal_address: brand.postal_address ?? addressOf(list.company, brand.name) },
    subject: campaign.subject,
    preheader: campaign.preheader ?? edition?.content.preheader ?? null,
    text: campaign.text,
    language,
    purpose: 'campaign',
    fields,
    readers,
  };
}

function templateOf({ format, source }: RenderJob['template'] & object): RenderJob['template'] {
  return { format, source };
}

/** The company of the list, used if the brand has no address. */
function addressOf(company: Company, shown: string | null): string | null {
  const { name, address_1, address_2, zip_code, city, country } = company;
  if (address_1 === null) return null;
  const town = [zip_code, city].filter((part) => part !== null).join(' ');
  const first = name === shown ? null : name;
  return [first, address_1, address_2, town, country].filter((line) => line !== null && line !== '').join('\n');
}
