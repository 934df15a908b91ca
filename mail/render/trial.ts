import { complexityOf, MOST_LINKS } from '../liquid/complexity.js';
import { fillParts, parseParts } from '../liquid/fill-parts.js';
import type { Rendered, RenderJob } from './job.js';

const LINK = /\bhref\s{0,9}=/gi;
const ADDRESS = /https?:\/\//gi;

const SAMPLE = {
  email: 'ada@example.org',
  first_name: 'Ada',
  last_name: 'Lovelace',
  name: 'Ada Lovelace',
  attributes: {},
  tags: [],
  unsubscribe_url: 'https://example.org/',
  preferences_url: 'https://example.org/',
  view_url: 'https://example.org/',
};

/** The reason why a finished letter is too complex to fill for a recipient; other faults depend on the recipient. */
export function trialFault(
  { subject, preheader }: Pick<RenderJob, 'subject' | 'preheader'>,
  { html, text }: Pick<Rendered, 'html' | 'text'>,
): string | undefined {
  const links = Math.max(html.match(LINK)?.length ?? 0, text.match(ADDRESS)?.length ?? 0);
  if (links > MOST_LINKS) return `The template is too complex: it has more than ${MOST_LINKS} links.`;
  try {
    const filled = fillParts(parseParts({ subject, preheader, html, text }), SAMPLE, false);
    return 'fault' in filled && filled.code === 'template_too_complex' ? filled.fault : undefined;
  } catch (error) {
    return complexityOf(error)?.message;
  }
}
