import type { Brand } from '../../domain/brand/brand.js';
import type { Language } from '../../domain/language.js';
import { oneLine } from '../mime/headers.js';
import type { RenderJob } from '../render/job.js';
import { type TranslationKey, translate } from '../translate.js';

export interface ConfirmationRequest {
  readonly language: Language;
  readonly list: string;
  readonly url: string;
  readonly days: number;
  readonly reminder: boolean;
  /** Name, postal address and design of the sender. */
  readonly brand: Brand;
  readonly template: RenderJob['template'];
}

/** The mail that asks a new subscriber to confirm. It contains no text from the form. */
export function confirmationJob(of: ConfirmationRequest): RenderJob & { readonly text: string } {
  const { language, url, reminder, brand, template } = of;
  const words = { list: oneLine(of.list), days: String(of.days) };
  const sentence = (name: TranslationKey) => translate(language, name, words);
  const [question, yes, expiry] = [sentence('confirm_mail'), sentence('confirm_button'), sentence('confirm_or_else')];
  const imprint = [brand.name, brand.postal_address].filter(Boolean).join('\n');
  return {
    template,
    body: {
      format: 'blocks',
      blocks: [
        { type: 'heading', level: 1, text: sentence('confirm_title') },
        { type: 'paragraph', text: question },
        { type: 'button', label: yes, url },
        { type: 'paragraph', text: `[${url}](${url})` },
        { type: 'paragraph', text: expiry },
      ],
    },
    brand,
    subject: sentence(reminder ? 'reminder_subject' : 'confirm_subject'),
    preheader: null,
    text: `${[question, `${yes}:\n${url}`, expiry, imprint].filter(Boolean).join('\n\n')}\n`,
    language,
    purpose: 'message',
    fields: null,
  };
}
