/** A reply of an SMTP server (RFC 5321 §4.2): the three digits and the text of all lines. */
export interface SmtpReply {
  readonly code: number;
  readonly text: string;
  /** The server had accepted the recipient before: the reply is to DATA or to the body. */
  readonly isAfterRcpt?: true;
}

/** The stage at which a connection failed, and the transport's short description. */
export interface ConnectionTrouble {
  readonly stage: 'connect' | 'envelope' | 'body' | 'dot';
  readonly what: string;
}

/** The result of one hand-over, as the transport saw it. */
export type Outcome =
  | { readonly kind: 'accepted'; readonly reply: SmtpReply }
  | { readonly kind: 'refused'; readonly reply: SmtpReply }
  /** No byte of the body was sent: safe to try again. */
  | {
      readonly kind: 'not_handed_over';
      readonly why: ConnectionTrouble;
      /** It was not tried: the process stops, or its claim is no longer trusted. */
      readonly untried?: true;
    }
  | { readonly kind: 'uncertain'; readonly why: ConnectionTrouble };

/** The scope of a refusal; only scope `address` may suppress. */
export type RefusalScope = 'address' | 'domain' | 'message' | 'sender' | 'session' | 'infrastructure';

/** What an outcome means for the recipient; the page stores the exceptions, every other recipient of it is `sent`. */
export type Fate =
  | { readonly kind: 'sent'; readonly reply?: string }
  | {
      readonly kind: 'failed' | 'skipped' | 'deferred' | 'uncertain';
      /** The reason in one stable word: `invalid_recipient`, `left`, `suppressed`, `connection_lost` … */
      readonly class: string;
      readonly scope: RefusalScope;
      /** Basic or enhanced status code, such as `550` or `5.1.1`. */
      readonly code: string | null;
      /** At most 120 characters, addresses scrubbed. */
      readonly reply: string | null;
      /** Version and id of the rule that read the reply: `3:no-mailbox-status`. */
      readonly rule?: string;
    };
