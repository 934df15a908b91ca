import type { FastifyRequest } from 'fastify';
import type { Config } from '../../../config.js';
import type { AcceptOptions } from '../../../services/accept-message.js';
import { principalOf } from '../../hooks/auth.js';

/** Bytes of both bodies of a mail, with each character escaped, and of the other fields. */
const TEXT_BYTES = 5 * 1024 * 1024;

/** The size in bytes of a request that carries all allowed attachments: base64 with line breaks, and the text. */
export function bodyLimit({ attachmentBytes }: Pick<Config, 'attachmentBytes'>): number {
  return Math.ceil((attachmentBytes * 4 * 1.03) / 3) + TEXT_BYTES;
}

/** How messages of this request are accepted, under this Idempotency-Key if there is one. */
export function acceptOptionsOf(request: FastifyRequest, key: string | undefined): AcceptOptions {
  const { account, accountStatus } = principalOf(request);
  const { plan, detect_repeats: detectRepeats } = accountStatus;
  return { account, plan, detectRepeats, ...(key !== undefined && { key }) };
}
