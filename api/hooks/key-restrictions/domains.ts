import type { FastifyRequest } from 'fastify';
import { Failure } from '../../../domain/errors.js';
import { parseMailbox } from '../../../mail/address.js';
import { accountSender } from '../../../services/sender.js';
import { type Asked, type SenderStores, sendersOf } from '../../reach/senders.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Where the body of a dialect names its sender; undefined means the account's sender, `none` a route without sender. */
    senderIn?: 'none' | ((body: unknown) => string | undefined);
  }
}

/** Throws `key_restricted` where the request sends, prepares or sets up mail from a domain outside this list. */
export async function demandAllowedDomains(
  stores: SenderStores,
  account: number,
  domains: readonly string[],
  request: FastifyRequest,
): Promise<void> {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  for (const sender of await sendersIn(stores, account, request)) {
    const domain = parseMailbox(sender)?.domain;
    if (domain !== undefined && domains.includes(domain)) continue;
    throw new Failure(
      'key_restricted',
      undefined,
      `This API key is not for senders of ${domain ?? 'an invalid address'}.`,
    );
  }
}

async function sendersIn(stores: SenderStores, account: number, request: FastifyRequest): Promise<readonly string[]> {
  const { url = '', config } = request.routeOptions;
  if (config.senderIn === 'none') return [];
  if (config.senderIn !== undefined) {
    return [config.senderIn(request.body) ?? (await accountSender(stores, account)).email];
  }
  const { id } = request.params as Pick<Asked, 'id'>;
  const body = (request.body ?? {}) as Asked['body'];
  return (await sendersOf(request.method, url)?.(stores, { account, body, id })) ?? [];
}
