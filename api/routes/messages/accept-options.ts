import type { FastifyRequest } from 'fastify';
import type { PlanSettings } from '../../../domain/account/plan.js';
import { principalOf } from '../../hooks/auth.js';

/** For whom, and under which promise, a message is accepted. */
export interface AcceptOptions {
  readonly account: number;
  /** Of the account, as it was when the request came. */
  readonly plan: PlanSettings | null | undefined;
  /** The caller's Idempotency-Key: the same key with the same request is one message for ever. */
  readonly key?: string;
  /** Without a key: an equal mail within the hour is the one that was accepted then. */
  readonly detectRepeats: boolean | undefined;
  /** Another request under the same key is answered with what was accepted first, instead of being refused. */
  readonly firstWins?: boolean;
  /** Every header field that does no harm may be set, not only those we know. */
  readonly anyHeader?: boolean;
  /** The API key whose mails the recipients may leave; whoever has left them is not mailed. */
  readonly optOutKey?: number;
}

/** What the account of a request says about all its messages. */
export function acceptOptionsOf(request: FastifyRequest): Pick<AcceptOptions, 'account' | 'plan' | 'detectRepeats'> {
  const { account, accountStatus } = principalOf(request);
  return { account, plan: accountStatus.plan, detectRepeats: accountStatus.detect_repeats };
}
