import type { ExceptionFate } from '../delivery/classify.js';
import type { Evidence } from '../delivery/evidence.js';
import { reportedDelivery } from '../delivery/report.js';
import { shortReply } from '../delivery/scrub.js';

/** What a provider takes a bounce for; counts where the words of the receiving server say nothing to our table. */
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

export interface ProviderBounce {
  /** RFC 3463, such as `5.1.1`. */
  readonly status: string | null;
  /** What the receiving server said. */
  readonly words: string | null;
  /** The provider's own word for it, kept as the rule that was followed: `ses:Permanent/General`. */
  readonly rule: string;
  readonly cause: BounceCause;
}

/** The receiving server's own words first, by the table that reads every refusal; then the provider's. */
export function bounceEvidence({ status, words, rule, cause }: ProviderBounce): Evidence {
  const verdict = reportedDelivery([{ action: 'failed', status, diagnostic: words }]);
  const read = verdict?.kind === 'failed' ? verdict.fate : undefined;
  if (read !== undefined && read.class !== 'unrecognised') return { kind: 'bounced', fate: read };
  const reply = words === null ? null : shortReply(words);
  return { kind: 'bounced', fate: { kind: 'failed', ...FALLBACK[cause], code: status, reply, rule } };
}

/** The provider still tries. */
export function delayEvidence(status: string | null, words: string | null): Evidence | undefined {
  const verdict = reportedDelivery([{ action: 'delayed', status, diagnostic: words }]);
  return verdict?.kind === 'delayed' ? verdict : undefined;
}
