import { type Brand, DEFAULT_BRAND } from '../../domain/brand/brand.js';
import type { Block } from '../../domain/mail/blocks.js';
import { liquidContext, parseLiquid, renderLiquid } from '../../mail/liquid/engine.js';
import { renderLetter } from '../../mail/render/render.js';
import { SYSTEM_TEMPLATES } from '../../store/templates/templates.js';
import type { Screenshot } from './chromium.js';

const LOGO = (ink: string) =>
  `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="140" height="36"><circle cx="18" cy="18" r="16" fill="#1f7a6b"/><path d="M8 20q5-6 10 0t10 0" stroke="#fff" stroke-width="3" fill="none"/><text x="44" y="25" font-family="Georgia" font-size="21" fill="${ink}">Harbour</text></svg>`)}`;

export const BRAND: Brand = {
  ...DEFAULT_BRAND,
  name: 'The Tea Harbour',
  website: 'https://harbour.example',
  logo: {
    url: 'https://harbour.example/logo.png',
    alt: 'The Tea Harbour',
    width: 140,
    dark_url: 'https://harbour.example/dark.png',
  },
  colors: { ...DEFAULT_BRAND.colors, primary: '#1f7a6b', background: '#eef3f1' },
  footer: 'You get this letter because you asked for it in our shop.',
  social: [
    { network: 'mastodon', url: 'https://mastodon.example/@harbour' },
    { network: 'instagram', url: 'https://instagram.example/harbour' },
  ],
  postal_address: '1 Harbour Road\n4000-123 Porto, Portugal',
};

const SUBJECTS: Readonly<Record<string, string>> = {
  digest: 'This week at the harbour',
  letter: 'A word about the winter',
  'product-update': 'Refills are here',
  announcement: 'We open a second shop',
  event: 'An evening of oolong',
  receipt: 'Your receipt',
};

const text =
  'The harbour opened early this year, and with it the little shop that sells tea by the ounce. Come in, says the sign, and people do.';
const BODIES: Readonly<Record<string, readonly Block[]>> = {
  digest: [
    { type: 'heading', level: 1, text: 'This week at the harbour' },
    { type: 'paragraph', text: `Good morning, {{ first_name }}! ${text}` },
    { type: 'heading', text: 'New leaves' },
    {
      type: 'list',
      items: [
        'A first flush from **Darjeeling**',
        'Hojicha, roasted on [Tuesday](https://harbour.example/)',
        'Mint from the garden',
      ],
    },
    { type: 'quote', text: 'The best cup I had this year.', cite: 'A reader' },
    { type: 'button', label: 'Read all of it', url: 'https://harbour.example/' },
    { type: 'divider' },
    { type: 'heading', text: 'From the counter' },
    { type: 'paragraph', text },
  ],
  letter: [
    { type: 'paragraph', text: 'Dear {{ first_name }},' },
    { type: 'paragraph', text },
    { type: 'paragraph', text: 'If you are near, [tell us](https://harbour.example/): the kettle is on.' },
    { type: 'paragraph', text: 'Yours,\nThe Tea Harbour' },
  ],
  'product-update': [
    { type: 'paragraph', text },
    { type: 'heading', text: 'How it works' },
    { type: 'list', ordered: true, items: ['Bring your tin', 'We fill it', 'You pay for the tea alone'] },
    { type: 'button', label: 'Find a shop', url: 'https://harbour.example/' },
  ],
  announcement: [
    { type: 'paragraph', text: `Dear {{ first_name }}, ${text}` },
    {
      type: 'facts',
      rows: [
        { label: 'Where', value: '12 Quay Street' },
        { label: 'From', value: 'Monday, 7 December' },
      ],
    },
    { type: 'button', label: 'See the way', url: 'https://harbour.example/' },
  ],
  event: [
    {
      type: 'facts',
      rows: [
        { label: 'When', value: 'Friday, 4 December, 19:00' },
        { label: 'Where', value: '1 Harbour Road, Porto' },
        { label: 'Bring', value: 'A cup' },
      ],
    },
    { type: 'paragraph', text },
    { type: 'button', label: 'Save me a seat', url: 'https://harbour.example/' },
  ],
  receipt: [
    { type: 'heading', level: 1, text: 'Thank you, {{ first_name }}' },
    { type: 'paragraph', text: 'We have received your payment. Here is what you bought.' },
    {
      type: 'facts',
      rows: [
        { label: 'Order', value: '2026-1142' },
        { label: 'Paid', value: '25 November 2026, card' },
      ],
    },
  ],
};

const READER = {
  first_name: 'Ada',
  unsubscribe_url: 'https://mail.example/u/x',
  preferences_url: 'https://mail.example/p/x',
  view_url: 'https://mail.example/v/x',
  items: [
    { name: 'Darjeeling, 100 g', quantity: 2, price: '€ 24.00' },
    { name: 'Tin, blue', price: '€ 9.50' },
  ],
  total: '€ 33.50',
};

/** The six templates, rendered for one reader. */
export function templateScreenshots(): Promise<readonly Screenshot[]> {
  return Promise.all(
    SYSTEM_TEMPLATES.map(({ identifier, contents }) => screenshotOf(identifier ?? '', contents['en']?.source ?? '')),
  );
}

async function screenshotOf(name: string, source: string): Promise<Screenshot> {
  const html = await letterOf(name, source);
  const filled = renderLiquid(parseLiquid(html, 'html'), liquidContext(READER, 'html'), 'html');
  return { name: `template-${name}`, html: withDrawnLogo(filled) };
}

/** No remote images: the logo is inline SVG. */
export function withDrawnLogo(html: string): string {
  return html
    .replaceAll('https://harbour.example/logo.png', LOGO('#1f2933'))
    .replaceAll('https://harbour.example/dark.png', LOGO('#e6e9ee'));
}

/** One of the six, before personal values are filled in. */
export async function letterOf(name: string, source = sourceOf(name)): Promise<string> {
  const { html } = await renderLetter({
    template: { format: 'mjml', source },
    body: { format: 'blocks', blocks: BODIES[name] ?? [] },
    brand: BRAND,
    subject: SUBJECTS[name] ?? name,
    preheader: null,
    text: null,
    language: 'en',
    purpose: name === 'receipt' ? 'message' : 'campaign',
    fields: null,
  });
  return html;
}

function sourceOf(name: string): string {
  const template = SYSTEM_TEMPLATES.find(({ identifier }) => identifier === name);
  return template?.contents['en']?.source ?? '';
}
