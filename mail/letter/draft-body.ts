import type { DraftText } from '../../domain/draft/draft-text.js';
import { newPlaceholders } from '../liquid/placeholders.js';
import { htmlOfBlocks } from '../render/blocks.js';

export interface DraftedCampaign {
  readonly text: DraftText | null;
  readonly given: { readonly subject: string | null; readonly preheader: string | null };
}

/**
 * Returns the fields that a draft sets on a campaign. Fields given by the caller stay; the body is HTML, rendered from
 * the draft's blocks.
 */
export function bodyOfDraft({ text, given }: DraftedCampaign) {
  if (text === null) throw new Error('a draft without a text has no body');
  const liquid = newPlaceholders();
  return {
    subject: given.subject ?? text.subject,
    preheader: given.preheader ?? (text.preheader || null),
    html: liquid.restore(htmlOfBlocks(text.blocks, liquid)),
  };
}
