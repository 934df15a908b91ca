/** What a campaign says: the same for all its recipients until it is spliced. */
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
  readonly from: { readonly name: string | null; readonly email: string };
  readonly replyTo: string | null;
  readonly list: { readonly id: number; readonly uid: string; readonly name: string };
  /** Without a slash at the end. */
  readonly publicUrl: string;
  /** Where reports about its mails come to, and unsubscribes by mail; null or absent: to the sender. */
  readonly bounceDomain?: string | null;
  /** Secret and stable for the campaign: the MIME boundary and the mark in each Message-ID come from it. */
  readonly boundarySeed: string;
  /** BCP 47; English where nobody says. */
  readonly lang?: string;
  /** Absent: nothing of this letter is followed. */
  readonly tracking?: Tracking;
}

/** What is followed of a letter. */
export interface Tracking {
  readonly opens: boolean;
  /** The stored number of each destination; a link whose destination has none stays as it is. */
  readonly links: ReadonlyMap<string, number>;
}

export interface Recipient {
  readonly id: number;
  readonly email: string;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
}

interface Envelope {
  readonly from: string;
  /** Exactly one: nobody learns of anybody else, and each recipient has a fate of their own. */
  readonly to: string;
}

/** A finished mail: CRLF lines, no line begins with a dot, no dot at the end. */
export interface SplicedMail {
  readonly kind: 'mail';
  readonly envelope: Envelope;
  readonly messageId: string;
  readonly chunks: readonly Buffer[];
}

/** This recipient cannot get this letter; the others can. The page notes it as failed. */
export interface Unrenderable {
  readonly kind: 'unrenderable';
  readonly class: 'render_error' | 'eai_unsupported' | 'invalid_address' | 'bad_signing_key' | 'domain_not_verified';
  readonly scope: 'message';
  readonly code: string | null;
  /** At most 120 characters, without addresses. */
  readonly reason: string;
}
