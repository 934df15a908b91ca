import {
  type AddressDecision,
  type DecidedRefusal,
  decideForAddress,
  domainOf,
  exceedsSoftBounceLimit,
  SOFT_SUPPRESSION_DAYS,
} from '../domain/delivery/suppression.js';
import type { Subscribers } from '../store/subscribers/subscribers.js';
import type { Suppressions } from '../store/suppressions/suppressions.js';

export interface SuppressionStores {
  readonly subscribers: Subscribers;
  readonly suppressions: Suppressions;
}

/** A refused mail, or one that its recipient complained about. */
export interface BouncedMail {
  readonly account: number;
  /** Identity of the recipient's address. */
  readonly emailKey: string;
  readonly campaign?: number | undefined;
}

export interface Refusal extends DecidedRefusal {
  /** The reply, addresses scrubbed. */
  readonly reply: string | null;
  readonly at: Date;
}

/**
 * Applies a refusal to the recipient's address: suppresses the address, counts a soft bounce, or stores that the domain
 * accepts no mail. Repeating it changes nothing.
 */
export async function applyRefusal(
  stores: SuppressionStores,
  mail: BouncedMail,
  refusal: Refusal,
  source: 'server' | 'report' = 'server',
): Promise<AddressDecision> {
  const { account, emailKey } = mail;
  const { class: reason, reply, at } = refusal;
  const decision = decideForAddress(refusal, source);
  if (decision === 'record_bad_domain') {
    await stores.suppressions.recordBadDomain(account, domainOf(emailKey), reply, at);
  }
  if (decision === 'count_soft_bounce') {
    const times = await stores.suppressions.recordSoftBounce(account, emailKey, reason, at);
    if (exceedsSoftBounceLimit(reason, times, at)) {
      const expires = new Date(at.getTime() + SOFT_SUPPRESSION_DAYS * 86_400_000);
      await suppress(stores, mail, 'bounced', { reply, expires });
    }
  }
  if (decision === 'suppress') await suppress(stores, mail, 'bounced', { reply });
  return decision;
}

/** Applies a complaint. `detail`: the reporter's text, addresses scrubbed. */
export function applyComplaint(stores: SuppressionStores, mail: BouncedMail, detail: string | null): Promise<void> {
  return suppress(stores, mail, 'complained', { reply: detail });
}

function suppress(
  { subscribers }: SuppressionStores,
  { account, emailKey, campaign }: BouncedMail,
  status: 'bounced' | 'complained',
  evidence: { readonly reply: string | null; readonly expires?: Date },
): Promise<void> {
  return subscribers.suppress(account, emailKey, status, { ...evidence, ...(campaign !== undefined && { campaign }) });
}
