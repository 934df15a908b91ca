import { type Brand, darkPalette, lightPalette } from '../../domain/brand/brand.js';
import { preferredLanguage } from '../../domain/language.js';
import { directionOf } from '../letter/document.js';
import type { Placeholders } from '../liquid/placeholders.js';
import { translate } from '../translate.js';
import type { FixedFields } from './fixed-tags.js';
import type { RenderJob } from './job.js';

/** No name needs quotes, so that the stack is valid in any attribute. */
const FONTS: Readonly<Record<Brand['font'], string>> = {
  sans: '-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica, Arial, sans-serif',
  serif: 'Georgia, Cambria, Times New Roman, serif',
  mono: 'SFMono-Regular, Menlo, Consolas, monospace',
};

const NETWORKS: Readonly<Record<string, string>> = {
  github: 'GitHub',
  linkedin: 'LinkedIn',
  tiktok: 'TikTok',
  whatsapp: 'WhatsApp',
  x: 'X',
  youtube: 'YouTube',
};

/** The values that templates have at compile time: the brand with its light and dark colours, and the mail. */
export function fixedFields(job: RenderJob, placeholders: Placeholders, content?: string): FixedFields {
  const { brand, language, purpose } = job;
  const words = letterTranslations(language);
  const direction = directionOf(language);
  return {
    brand: {
      ...brand,
      colors: lightPalette(brand.colors),
      dark: darkPalette(brand.colors),
      font_family: FONTS[brand.font],
      social: brand.social.map(({ network, url }) => ({ url, network, label: labelOf(network, words.website) })),
    },
    mail: {
      subject: placeholders.hide(job.subject),
      preheader: job.preheader === null ? null : placeholders.hide(job.preheader),
      language,
      direction,
      align: direction === 'rtl' ? 'right' : 'left',
      purpose,
      campaign: purpose === 'campaign',
      words,
    },
    ...(content !== undefined && { content }),
  };
}

/** The translations that templates need; English for other languages. */
export function letterTranslations(language: string) {
  const own = preferredLanguage({ list: language });
  return {
    unsubscribe: translate(own, 'unsubscribe_button'),
    preferences: translate(own, 'letter_preferences'),
    view: translate(own, 'letter_view'),
    website: translate(own, 'letter_website'),
    product_update: translate(own, 'letter_whats_new'),
    total: translate(own, 'letter_total'),
  };
}

function labelOf(network: string, website: string): string {
  if (network === 'website') return website;
  return NETWORKS[network] ?? network.charAt(0).toUpperCase() + network.slice(1);
}
