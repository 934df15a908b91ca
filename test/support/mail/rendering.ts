import { type Brand, DEFAULT_BRAND } from '../../../domain/brand/brand.js';
import type { RenderJob, Template } from '../../../mail/render/job.js';
import { RENDER_LIMITS, type Renderer, renderer } from '../../../mail/render/pool.js';

export const someBrand: Brand = {
  ...DEFAULT_BRAND,
  name: 'Acme & Sons',
  website: 'https://acme.example',
  postal_address: '1 Harbour Road\nPorto, Portugal',
  social: [{ network: 'github', url: 'https://github.com/acme?a=1&b=2' }],
};

/** For letters that no test means to be refused: on a busy machine an ordinary one may take longer than a hostile one is given. */
export function rendererWithLongTimeout(): Renderer {
  return renderer({ ...RENDER_LIMITS, time: 120_000 });
}

/** A job whose template is as plain as a template can be. */
export function aJob(over: Partial<RenderJob> = {}): RenderJob {
  return {
    template: htmlTemplate('<div class="ep-content">{{ content }}</div>'),
    body: { format: 'html', source: '<p>Hello {{ first_name }}</p>' },
    brand: someBrand,
    subject: 'News & {{ first_name }}',
    preheader: null,
    text: null,
    language: 'en',
    purpose: 'campaign',
    fields: null,
    ...over,
  };
}

export function htmlTemplate(body: string): Template {
  return { format: 'html', source: `<!doctype html><html><head></head><body>${body}</body></html>` };
}

export function mjmlTemplate(body: string): Template {
  return { format: 'mjml', source: `<mjml><mj-body>${body}</mj-body></mjml>` };
}

export const column = (inside: string) => `<mj-section><mj-column>${inside}</mj-column></mj-section>`;
