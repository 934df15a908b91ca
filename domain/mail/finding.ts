/** A finding of the check before sending. Errors block the launch, warnings do not. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** The element, text or variable concerned. */
  readonly where?: string;
}

/** The stored form; the code implies the rest. */
export type StoredFinding = Pick<Finding, 'code' | 'where'>;

/** The severity and sentence of each code. */
export const FINDINGS = {
  size_over_limit: {
    severity: 'error',
    message: 'Gmail cuts mails off at 102 KB of HTML; the rest would not be seen.',
  },
  size_near_limit: { severity: 'warning', message: 'The HTML is close to the 102 KB at which Gmail cuts mails off.' },
  image_without_alt: { severity: 'warning', message: 'The image has no alt text; alt="" says that it is decoration.' },
  image_not_https: { severity: 'warning', message: 'Mail clients load images over https only.' },
  image_broken: { severity: 'warning', message: 'The image is not shown: mails need whole addresses.' },
  image_embedded: { severity: 'warning', message: 'Images in data: addresses are not shown by Gmail and Outlook.' },
  lang_missing: { severity: 'warning', message: 'The document does not say its language.' },
  title_missing: { severity: 'warning', message: 'The document has no title.' },
  layout_table_without_role: { severity: 'warning', message: 'A table for layout needs role="presentation".' },
  heading_skipped: { severity: 'warning', message: 'Headings should not skip a level.' },
  link_without_text: { severity: 'warning', message: 'The link has no words that say where it leads.' },
  contrast_light: { severity: 'warning', message: 'The text is hard to read on its background (below 4.5:1).' },
  contrast_dark: { severity: 'warning', message: 'The text is hard to read in dark mode (below 4.5:1).' },
  link_not_https: { severity: 'warning', message: 'The link is not encrypted; use https.' },
  link_broken: { severity: 'error', message: 'The link leads nowhere: mails need whole addresses.' },
  link_personal: {
    severity: 'warning',
    message: 'The address holds a personal field: clicks on it cannot be tracked.',
  },
  personal_markup: {
    severity: 'error',
    message:
      'A personal value stands where the name of a tag or attribute belongs; it may stand in text and in quoted values.',
  },
  field_unknown: { severity: 'warning', message: 'No recipient has this field: it will be empty.' },
  text_missing: { severity: 'warning', message: 'The text part is empty.' },
  foreign_merge_tag: {
    severity: 'warning',
    message: 'This is a merge tag of another service, and readers would see it; write {{ first_name }}.',
  },
  not_renderable: { severity: 'error', message: 'The content cannot be rendered.' },
  placeholder_text: { severity: 'warning', message: 'This looks like text that was to be replaced.' },
  unsubscribe_missing: { severity: 'error', message: 'The mail has no link to unsubscribe.' },
  address_missing: {
    severity: 'error',
    message: 'The brand has no postal address: bulk mail must say where letters reach you.',
  },
  address_not_set: { severity: 'warning', message: 'No postal address: set up the brand before mailing real people.' },
  brand_not_set: {
    severity: 'warning',
    message: 'The brand has no name: readers see this one at the top and foot of the mail; see PUT /account/brand.',
  },
  markup_removed: { severity: 'warning', message: 'Markup that mails must not contain was taken out.' },
  css_removed: {
    severity: 'warning',
    message: 'The rule matches nothing in the mail and was left out: mail clients read few sheets.',
  },
  mjml_value_fixed: {
    severity: 'warning',
    message: 'MJML needs this value before the recipient is known: its default is used.',
  },
  mjml_invalid: { severity: 'warning', message: 'The MJML has an element or attribute that is not known.' },
} as const satisfies Record<string, { severity: 'error' | 'warning'; message: string }>;

export type FindingCode = keyof typeof FINDINGS;

const LONGEST_WHERE = 160;

/** Maximum number of stored findings of a launch. */
const MOST_STORED = 50;

export function storedFindings(findings: readonly Finding[]): readonly StoredFinding[] {
  return findings.slice(0, MOST_STORED).map(({ code, where }) => (where === undefined ? { code } : { code, where }));
}

/** A finding with the severity and sentence of its code. */
export function finding(code: FindingCode, where?: string): Finding {
  const shortWhere = where?.replace(/\s+/g, ' ').trim().slice(0, LONGEST_WHERE);
  return { code, ...FINDINGS[code], ...(shortWhere !== undefined && shortWhere !== '' && { where: shortWhere }) };
}

/** Removes duplicate findings and sorts errors first. */
export function distinct(findings: readonly Finding[]): readonly Finding[] {
  const byPlace = new Map(findings.map((found) => [`${found.code} ${found.where ?? ''}`, found]));
  return [...byPlace.values()].sort((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'));
}

export function blocksSending(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}
