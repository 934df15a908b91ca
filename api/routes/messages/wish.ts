import type { FastifyRequest } from 'fastify';
import type { GivenPlan } from '../../../domain/plan.js';
import { principalOf } from '../../auth.js';

/** For whom, and under which promise, a message is accepted. */
export interface Wish {
  readonly account: number;
  /** Of the account, as it was when the request came. */
  readonly plan: GivenPlan | null | undefined;
  /** The caller's Idempotency-Key: the same key with the same request is one message for ever. */
  readonly key?: string;
  /** Without a key: an equal mail within the hour is the one that was accepted then. */
  readonly detectRepeats: boolean | undefined;
  /** Another request under the same key is answered with what was accepted first, instead of being refused. */
  readonly firstWins?: boolean;
  /** Every header field that does no harm may be set, not only those we know. */
  readonly anyHeader?: boolean;
  /** The API key whose mails the recipients may leave; whoever has left them is not mailed. */
  readonly leavesKey?: number;
}

/** What the account of a request says about all its messages. */
export function wishOf(request: FastifyRequest): Pick<Wish, 'account' | 'plan' | 'detectRepeats'> {
  const { account, standing } = principalOf(request);
  return { account, plan: standing.plan, detectRepeats: standing.detect_repeats };
}
