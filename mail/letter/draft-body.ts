import type { DraftText } from '../../domain/draft/draft-text.js';
import { newPlaceholders } from '../liquid/placeholders.js';
import { htmlOfBlocks } from '../render/blocks.js';

export interface DraftedCampaign {
  readonly text: DraftText | null;
  readonly given: { readonly subject: string | null; readonly preheader: string | null };
}

/** What a draft makes of a campaign: what the caller has written stands, the body is HTML as an editor's blocks are. */
export function bodyOfDraft({ text, given }: DraftedCampaign) {
  if (text === null) throw new Error('a draft without a text has no body');
  const liquid = newPlaceholders();
  return {
    subject: given.subject ?? text.subject,
    preheader: given.preheader ?? (text.preheader || null),
    html: liquid.restore(htmlOfBlocks(text.blocks, liquid)),
  };
}
