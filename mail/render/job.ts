import type { Brand } from '../../domain/brand/brand.js';
import type { Block } from '../../domain/mail/blocks.js';
import type { Finding } from '../../domain/mail/finding.js';

/** What a body is poured into. `source` is Liquid: `{{ content }}`, `brand.*` and `mail.*` are filled once, the rest for each recipient. */
export interface Template {
  readonly format: 'mjml' | 'html';
  readonly source: string;
}

export type Body =
  | { readonly format: 'html'; readonly source: string }
  | { readonly format: 'mjml'; readonly source: string }
  | { readonly format: 'blocks'; readonly blocks: readonly Block[] };

/** A campaign goes to people who may leave; a message answers what somebody did. */
type Purpose = 'campaign' | 'message';

/** A letter before it is HTML. Plain data: it crosses to another thread. */
export interface RenderJob {
  /** Null: the body is a whole document of its own. */
  readonly template: Template | null;
  /** Null: the template says everything itself. */
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
  /** Top-level names a recipient may have; null: nothing is said about unknown ones. */
  readonly fields: readonly string[] | null;
}

/** A letter that is the same for all but for the Liquid left in it, which `mail/letter/compile.ts` fills for each recipient. */
export interface Rendered {
  /** A whole document: styles inlined, preheader in place, footer with what the law asks for. */
  readonly html: string;
  readonly text: string;
  readonly findings: readonly Finding[];
}
