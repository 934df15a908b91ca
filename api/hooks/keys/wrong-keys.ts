import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../../../domain/errors.js';
import type { Deps } from '../../wiring.js';

/** Wrong keys per minute and address, over all processes of the API. A valid key is accepted from every address. */
export const WRONG_KEYS_PER_MINUTE = 60;

/** Counts a request with a wrong key; throws `rate_limited` where its address has sent too many. */
export async function limitWrongKeys(
  { config, requestLimits }: Pick<Deps, 'config' | 'requestLimits'>,
  { ip }: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (config.rateLimitPerMinute === 0) return;
  const { over, ms } = await requestLimits.count('wrong_keys', WRONG_KEYS_PER_MINUTE, ip);
  if (!over) return;
  reply.header('retry-after', String(Math.max(1, Math.ceil(ms / 1_000))));
  const sentence = 'Too many requests with a wrong API key came from this address; see Retry-After.';
  throw new Failure('rate_limited', undefined, sentence);
}
