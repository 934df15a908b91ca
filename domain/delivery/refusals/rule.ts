import type { RefusalScope } from '../outcome.js';

/**
 * The action for a 5xx reply that a rule matches; a 4xx reply is always tried again. `suppress`: the mailbox does not
 * exist; suppress at once. `count`: final for this mail, and counted until the limit of the address is reached
 * (`suppression.ts`). `fail`: final for this mail. `retry`: the reply is not about this mail.
 */
export type RefusalAction = 'suppress' | 'count' | 'fail' | 'retry';

/** One row of the table of refusals; the first match applies. */
export interface RefusalRule {
  /** Stored with every refusal that it matches, together with the version of the table. */
  readonly id: string;
  readonly class: string;
  readonly scope: RefusalScope;
  readonly means: RefusalAction;
  /** Basic codes; any when left out. */
  readonly codes?: readonly number[];
  /** Enhanced status without its first digit (RFC 3463), such as `1.1`. */
  readonly status?: RegExp;
  /** Statuses to which the rule does not apply. */
  readonly unlessStatus?: RegExp;
  /** Matched against at most 2,000 characters; addresses are replaced with `…`. */
  readonly text?: RegExp;
  readonly unlessText?: RegExp;
  /** Applies only where the server had accepted the recipient before: to a reply to DATA or to the body. */
  readonly afterRcpt?: true;
  /** The code says too little about the recipient: other evidence (a provider, the text of a report) decides. */
  readonly vague?: true;
}

export const infrastructure = { scope: 'infrastructure', means: 'retry' } as const;
export const session = { scope: 'session', means: 'retry' } as const;
export const sender = { scope: 'sender', means: 'fail' } as const;
export const message = { scope: 'message', means: 'fail' } as const;
/** Neither the recipient nor the connection is at fault; the same mail may be accepted later. */
export const passing = { scope: 'message', means: 'retry' } as const;
export const softBounce = { scope: 'address', means: 'count' } as const;
export const noMailbox = { scope: 'address', means: 'suppress' } as const;

/** 5xx codes in use. A phrase of time changes the meaning of these only: a 4xx reply is tried again anyway. */
export const PERMANENT_CODES: readonly number[] = [
  500, 501, 502, 504, 511, 512, 521, 523, 541, 550, 551, 552, 553, 554, 555, 556, 557, 571,
];
