import type { LinkRange } from './links/address-grammar.js';

/** The content of a campaign, the same for all its recipients until it is spliced. */
export interface Letter {
  readonly account: number;
  readonly campaign: number;
  /** Liquid, as are `preheader`, `html` and `text`. */
  readonly subject: string;
  readonly preheader: string | null;
  /** A whole document or a fragment of one. */
  readonly html: string;
  /** Null: made from the HTML. */
  readonly text: string | null;
  /** Where the links of a text stand that was made from the HTML; absent: the text is the author's. */
  readonly textLinks?: readonly LinkRange[] | undefined;
  readonly from: { readonly name: string | null; readonly email: string };
  readonly replyTo: string | null;
  readonly list: { readonly id: number; readonly uid: string; readonly name: string };
  /** Without a slash at the end. */
  readonly publicUrl: string;
  /** The domain that receives bounces and unsubscribes by mail; null or absent: they go to the sender. */
  readonly bounceDomain?: string | null;
  /** Secret and stable for the campaign: the MIME boundary and the mark in each Message-ID come from it. */
  readonly boundarySeed: string;
  /** BCP 47; absent: English. */
  readonly lang?: string;
  /** Absent: the letter is not tracked. */
  readonly tracking?: Tracking;
}

/** The tracked events and links of a letter. */
export interface Tracking {
  readonly opens: boolean;
  /** The stored number of each destination. A link to a destination without a number is not tracked. */
  readonly links: ReadonlyMap<string, number>;
}

export interface Recipient {
  readonly id: number;
  readonly email: string;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
}

interface Envelope {
  readonly from: string;
  /** Exactly one: recipients never see each other's addresses, and each has a fate of their own. */
  readonly to: string;
}

/** A finished mail with CRLF lines. No line begins with a dot, and the final dot line of SMTP is absent. */
export interface SplicedMail {
  readonly kind: 'mail';
  readonly envelope: Envelope;
  readonly messageId: string;
  readonly chunks: readonly Buffer[];
}

/** The letter cannot be rendered for this recipient. The page records the recipient as failed and continues. */
export interface Unrenderable {
  readonly kind: 'unrenderable';
  readonly class: 'render_error' | 'eai_unsupported' | 'invalid_address' | 'bad_signing_key' | 'domain_not_verified';
  readonly scope: 'message';
  readonly code: string | null;
  /** At most 120 characters, without addresses. */
  readonly reason: string;
}
