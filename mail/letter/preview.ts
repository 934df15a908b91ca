import { parseLiquid, recipientContext, renderLiquid } from '../liquid/engine.js';
import { isDocument } from './document.js';

export interface LetterPreview {
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string;
}

/** An invented recipient for previews. */
export interface SampleRecipient {
  readonly email: string;
  readonly first_name: string;
  readonly last_name: string;
}

/** Renders a letter for the sample recipient. Its personal links are `#`. The HTML is a whole document. */
export function previewFor({ subject, preheader, html }: LetterPreview, sample: SampleRecipient): LetterPreview {
  const fields = { ...sample, attributes: {}, tags: [], unsubscribe_url: '#', preferences_url: '#', view_url: '#' };
  const plain = (source: string) =>
    renderLiquid(parseLiquid(source, 'plain'), recipientContext(fields, 'plain'), 'plain');
  const body = renderLiquid(parseLiquid(html, 'html'), recipientContext(fields, 'html'), 'html');
  return {
    subject: plain(subject),
    preheader: preheader === null ? null : plain(preheader),
    html: isDocument(body)
      ? body
      : `<!doctype html>\n<html>\n<head><meta charset="utf-8"></head>\n<body>\n${body}\n</body>\n</html>\n`,
  };
}
