import { createHash } from 'node:crypto';
import type { Brand } from '../domain/brand.js';
import type { ChosenLanguage } from '../domain/template.js';
import { type ParsedParts, parsedParts } from '../mail/filling.js';
import { type Renderer, renderer } from '../mail/render/pool.js';

/** One edition of a template in one language, for one brand. */
export interface Plate extends ChosenLanguage {
  /** Equal for equal content, and for nothing else: `101:v3`, `101:d7`. */
  readonly edition: string;
  readonly brand: Brand;
}

export type Press = ReturnType<typeof openPress>;

const KEPT = 200;

/** Renders templates and keeps what messages are filled into, so that a message costs little; the longest unused goes. */
export function openPress(threads: Renderer = renderer()) {
  const kept = new Map<string, Promise<ParsedParts>>();
  return {
    render: threads.render,

    /** What a message by this template is filled into; rendered and parsed once. */
    partsOf: (plate: Plate): Promise<ParsedParts> => {
      const key = `${plate.edition}:${plate.language}:${digest(JSON.stringify(plate.brand))}`;
      const parts = kept.get(key) ?? pressed(threads, plate);
      kept.delete(key);
      kept.set(key, parts);
      parts.catch(() => kept.delete(key));
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT) break;
        kept.delete(oldest);
      }
      return parts;
    },

    close: () => threads.close(),
  };
}

/** The preheader stands aside: a message may have one of its own. */
async function pressed(threads: Renderer, { brand, language, content }: Plate): Promise<ParsedParts> {
  const { subject, preheader, format, source, text } = content;
  const { html, text: written } = await threads.render({
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
  return parsedParts({ subject: subject ?? '', preheader, html, text: written });
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
