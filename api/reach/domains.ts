import type { FastifyRequest } from 'fastify';
import { Failure } from '../../domain/errors.js';
import { parseMailbox, parseSender } from '../../mail/address.js';
import type { Sender } from '../../store/campaigns.js';
import type { Deps } from '../deps.js';
import { senderOf } from '../routes/campaigns/sender.js';

type Stores = Pick<Deps, 'accounts' | 'campaigns' | 'config' | 'lists'>;

const SENDING = /^\/api\/v1\/(messages|campaigns|templates|newsletters)\b/;
const LAUNCHING = /^\/api\/v1\/campaigns\/:id\/(send|schedule|resume|retry|test|approve)$/;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Where the body of a dialect names its sender; answers undefined where it names none. */
    senderIn?: (body: unknown) => string | undefined;
  }
}

interface Body {
  readonly from?: unknown;
  readonly list_id?: number;
  readonly messages?: readonly unknown[];
}

/** Throws `key_restricted` where the request sends, or prepares, mail from a domain that is not among these. */
export async function demandDomains(
  stores: Stores,
  account: number,
  domains: readonly string[],
  request: FastifyRequest,
): Promise<void> {
  const url = request.routeOptions.url ?? '';
  const { senderIn } = request.routeOptions.config;
  if (request.method === 'GET' || !(senderIn !== undefined || SENDING.test(url))) return;
  for (const sender of await sendersOf(stores, account, url, request)) {
    const domain = parseMailbox(sender)?.domain;
    if (domain === undefined || domains.includes(domain)) continue;
    throw new Failure('key_restricted', undefined, `This API key is not for senders of ${domain}.`);
  }
}

async function sendersOf(stores: Stores, account: number, url: string, request: FastifyRequest): Promise<string[]> {
  const { senderIn } = request.routeOptions.config;
  if (senderIn !== undefined) return [senderIn(request.body) ?? (await lastResort(stores, account))];
  const body = (request.body ?? {}) as Body;
  if (url.startsWith('/api/v1/messages')) {
    const items = url === '/api/v1/messages/batch' ? (body.messages ?? []) : [body];
    const own = await lastResort(stores, account);
    return items.map((item) => addressIn((item as Body | null)?.from) ?? own);
  }
  if (url === '/api/v1/campaigns' && body.list_id !== undefined) {
    const from = addressIn(body.from);
    const campaign = { account, list_id: body.list_id, from: from === undefined ? null : { name: null, email: from } };
    return [(await senderOf(stores, campaign)).email];
  }
  if (LAUNCHING.test(url)) {
    const row = await stores.campaigns.find(account, (request.params as { readonly id: number }).id);
    return row === null ? [] : [(await senderOf(stores, row)).email];
  }
  return [addressIn(body.from) ?? []].flat();
}

async function lastResort({ accounts, config }: Stores, account: number): Promise<string> {
  return parseSender((await accounts.find(account))?.mail_from ?? config.mailFrom)?.email ?? '';
}

function addressIn(from: unknown): string | undefined {
  if (typeof from === 'string') return from;
  const { email } = { ...(from as Partial<Sender> | null | undefined) };
  return email;
}
