import { createHash } from 'node:crypto';
import type { Brand } from '../domain/brand/brand.js';
import type { MatchedLanguage } from '../domain/template.js';
import { type ParsedMailParts, parseParts } from '../mail/liquid/fill-parts.js';
import { type Renderer, renderer } from '../mail/render/pool.js';

/** One edition of a template in one language, for one brand. */
export interface TemplateEdition extends MatchedLanguage {
  /** Equal for equal content, and for nothing else: `101:v3`, `101:d7`. */
  readonly contentKey: string;
  readonly brand: Brand;
}

export type TemplateCache = ReturnType<typeof openTemplateCache>;

const MAX_ENTRIES = 200;

/** Renders templates and keeps what messages are filled into, so that a message costs little; the longest unused goes. */
export function openTemplateCache(pool: Renderer = renderer()) {
  const cache = new Map<string, Promise<ParsedMailParts>>();
  return {
    render: pool.render,

    /** What a message by this template is filled into; rendered and parsed once. */
    partsOf: (edition: TemplateEdition): Promise<ParsedMailParts> => {
      const key = `${edition.contentKey}:${edition.language}:${digest(JSON.stringify(edition.brand))}`;
      const parts = cache.get(key) ?? renderEdition(pool, edition);
      cache.delete(key);
      cache.set(key, parts);
      parts.catch(() => cache.delete(key));
      for (const oldest of cache.keys()) {
        if (cache.size <= MAX_ENTRIES) break;
        cache.delete(oldest);
      }
      return parts;
    },

    close: () => pool.close(),
  };
}

/** The preheader stands aside: a message may have one of its own. */
async function renderEdition(pool: Renderer, { brand, language, content }: TemplateEdition): Promise<ParsedMailParts> {
  const { subject, preheader, format, source, text } = content;
  const { html, text: written } = await pool.render({
    template: { format, source },
    body: null,
    brand,
    subject: subject ?? '',
    preheader: null,
    text,
    language,
    purpose: 'message',
    fields: null,
  });
  return parseParts({ subject: subject ?? '', preheader, html, text: written });
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
