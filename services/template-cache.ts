import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Brand } from '../domain/brand/brand.js';
import type { MatchedLanguage } from '../domain/template.js';
import { withMarks } from '../mail/letter/text/text-part.js';
import { ifLight, LIGHT_SOURCE } from '../mail/liquid/complexity.js';
import { type MailParts, type ParsedMailParts, parseParts } from '../mail/liquid/fill-parts.js';
import { templateJob } from '../mail/render/job.js';
import { type Renderer, renderer } from '../mail/render/pool.js';

/** One edition of a template in one language, for one brand. */
export interface TemplateEdition extends MatchedLanguage {
  /** Equal for equal content, and for nothing else: `101:v3`, `101:d7`. */
  readonly contentKey: string;
  readonly brand: Brand;
}

/** The rendered parts of a template. */
export interface TemplateParts {
  readonly source: MailParts;
  /** Parsed once; undefined for a template that is too large to be parsed on the event loop. */
  readonly parsed: ParsedMailParts | undefined;
  /** The text part is made from the filled HTML, because a value may be HTML itself. */
  readonly textFromHtml: boolean;
}

export type TemplateCache = ReturnType<typeof openTemplateCache>;

const MAX_ENTRIES = 200;

/** Renders templates and keeps the parsed parts of the most recently used ones, so that a message is only filled in. */
export function openTemplateCache(pool: Renderer = renderer()) {
  const cache = new LRUCache<string, Promise<TemplateParts>>({ max: MAX_ENTRIES });
  return {
    render: pool.render,

    /** The parts of a message with this template, rendered and parsed once. */
    partsOf: (account: number, edition: TemplateEdition): Promise<TemplateParts> => {
      const key = `${edition.contentKey}:${edition.language}:${digest(JSON.stringify(edition.brand))}`;
      const parts = cache.get(key) ?? renderEdition(pool, account, edition);
      cache.set(key, parts);
      parts.catch(() => cache.delete(key));
      return parts;
    },

    close: () => pool.close(),
  };
}

/** Without the preheader, because a message may have its own. A text that is made from the HTML has marks around its links. */
async function renderEdition(
  pool: Renderer,
  account: number,
  { brand, language, content }: TemplateEdition,
): Promise<TemplateParts> {
  const { subject, preheader, text } = content;
  const rendered = await pool.render(account, { ...templateJob(content, { brand, language }), preheader: null });
  const marked = withMarks({ text: rendered.text, links: rendered.textLinks ?? [] });
  return partsOfTemplate({ subject: subject ?? '', preheader, html: rendered.html, text: marked }, text === null);
}

const USES_RAW = /\|\s*raw\b/;

/** `derived`: the template has no text part of its own. */
export function partsOfTemplate(source: MailParts, derived: boolean): TemplateParts {
  return {
    source,
    parsed: ifLight(() => parseParts(source, LIGHT_SOURCE))?.result,
    textFromHtml: derived && USES_RAW.test(source.html),
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
