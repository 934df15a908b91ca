import { type Brand, darkPalette, lightPalette } from '../../domain/brand.js';
import { chosenLanguage } from '../../domain/language.js';
import { directionOf } from '../document.js';
import { say } from '../wording.js';
import type { RenderJob } from './job.js';
import type { Marks } from './marks.js';
import type { StageFields } from './stage.js';

/** No name needs quotes, so that the stack can stand in any attribute. */
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

/** What templates know at compile time: the brand with its colours by day and night, and the mail itself. */
export function stageFields(job: RenderJob, marks: Marks, content?: string): StageFields {
  const { brand, language, purpose } = job;
  const words = letterWords(language);
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
      subject: marks.hide(job.subject),
      preheader: job.preheader === null ? null : marks.hide(job.preheader),
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

/** The few words that templates need of us; English where we do not speak the language. */
export function letterWords(language: string) {
  const own = chosenLanguage({ list: language });
  return {
    unsubscribe: say(own, 'unsubscribe_button'),
    preferences: say(own, 'letter_preferences'),
    view: say(own, 'letter_view'),
    website: say(own, 'letter_website'),
    product_update: say(own, 'letter_news'),
    total: say(own, 'letter_total'),
  };
}

function labelOf(network: string, website: string): string {
  if (network === 'website') return website;
  return NETWORKS[network] ?? network.charAt(0).toUpperCase() + network.slice(1);
}
