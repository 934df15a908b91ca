import type { ExceptionFate } from './classify.js';
import { type Evidence, reportedDelivery } from './evidence.js';
import { isVague } from './refusal-rules.js';
import { shortReply } from './scrub.js';

/** The provider's classification of a bounce; used where the reply of the receiving server has no clear reason. */
export type BounceCause =
  | 'no_mailbox'
  | 'full'
  | 'blocked'
  | 'content'
  | 'too_large'
  | 'domain'
  | 'expired'
  | 'unknown';

const FALLBACK: Readonly<Record<BounceCause, Pick<ExceptionFate, 'class' | 'scope'>>> = {
  no_mailbox: { class: 'invalid_recipient', scope: 'address' },
  full: { class: 'mailbox_full', scope: 'address' },
  blocked: { class: 'policy', scope: 'sender' },
  content: { class: 'content_rejected', scope: 'message' },
  too_large: { class: 'too_large', scope: 'message' },
  domain: { class: 'bad_domain', scope: 'domain' },
  expired: { class: 'expired', scope: 'message' },
  unknown: { class: 'unrecognised', scope: 'message' },
};

interface ProviderBounce {
  /** RFC 3463, such as `5.1.1`. */
  readonly status: string | null;
  /** The reply of the receiving server. */
  readonly words: string | null;
  /** The provider's classification, stored as the rule: `ses:Permanent/General`. */
  readonly rule: string;
  readonly cause: BounceCause;
}

/** Classifies the receiving server's reply with the table of refusals, then by the provider's classification. */
export function bounceEvidence({ status, words, rule, cause }: ProviderBounce): Evidence {
  const verdict = reportedDelivery([{ action: 'failed', status, diagnostic: words }]);
  const read = verdict?.kind === 'failed' ? verdict.fate : undefined;
  if (read !== undefined && (!isVague(read) || (cause === 'unknown' && read.rule !== undefined))) {
    return { kind: 'bounced', fate: read };
  }
  const reply = words === null ? null : shortReply(words);
  return { kind: 'bounced', fate: { kind: 'failed', ...FALLBACK[cause], code: status, reply, rule } };
}

/** The provider still tries to deliver. */
export function delayEvidence(status: string | null, words: string | null): Evidence | undefined {
  const verdict = reportedDelivery([{ action: 'delayed', status, diagnostic: words }]);
  return verdict?.kind === 'delayed' ? verdict : undefined;
}
