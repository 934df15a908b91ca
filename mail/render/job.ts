import type { Brand } from '../../domain/brand/brand.js';
import type { Block } from '../../domain/mail/blocks.js';
import type { Finding } from '../../domain/mail/finding.js';

/**
 * The frame of a body. `source` is Liquid: `{{ content }}`, `brand.*` and `mail.*` are filled once, the rest for each
 * recipient.
 */
export interface Template {
  readonly format: 'mjml' | 'html';
  readonly source: string;
}

export type Body =
  | { readonly format: 'html'; readonly source: string }
  | { readonly format: 'mjml'; readonly source: string }
  | { readonly format: 'blocks'; readonly blocks: readonly Block[] };

/** A campaign goes to subscribers, who may unsubscribe; a message answers an action of its recipient. */
type Purpose = 'campaign' | 'message';

/** The input of a rendering. Plain data, because it is sent to another thread. */
export interface RenderJob {
  /** Null: the body is a whole document. */
  readonly template: Template | null;
  /** Null: the template contains the whole text. */
  readonly body: Body | null;
  readonly brand: Brand;
  /** Liquid, plain text. */
  readonly subject: string;
  /** Liquid, plain text. */
  readonly preheader: string | null;
  /** Liquid; null: made from the HTML. */
  readonly text: string | null;
  /** BCP 47. */
  readonly language: string;
  readonly purpose: Purpose;
  /** Top-level names of the recipients' fields; null: unknown ones are not reported. */
  readonly fields: readonly string[] | null;
}

/** A letter for all recipients, with Liquid in it that `mail/letter/compile.ts` fills for each recipient. */
export interface Rendered {
  /** A whole document: styles inlined, with preheader and the legal footer. */
  readonly html: string;
  readonly text: string;
  readonly findings: readonly Finding[];
}
