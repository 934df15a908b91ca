import type { FastifyRequest } from 'fastify';
import { Failure } from '../../domain/errors.js';
import { parseMailbox, parseSender } from '../../mail/address.js';
import type { Campaign, Sender } from '../../store/campaigns.js';
import type { Deps } from '../deps.js';
import { senderOf } from '../routes/campaigns/sender.js';

type Stores = Pick<Deps, 'accounts' | 'campaigns' | 'config' | 'lists' | 'newsletters'>;

const SENDING = /^\/api\/v1\/(messages|campaigns|templates|newsletters)\b/;
const NEWSLETTERS = /^\/api\/v1\/newsletters\b/;
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
    return [await senderAfter(stores, account, body, { list_id: body.list_id, from: null })];
  }
  if (NEWSLETTERS.test(url)) return newsletterSenders(stores, account, body, request);
  if (LAUNCHING.test(url)) {
    const row = await stores.campaigns.find(account, (request.params as { readonly id: number }).id);
    return row === null ? [] : [(await senderOf(stores, row)).email];
  }
  return [addressIn(body.from) ?? []].flat();
}

/** A newsletter mails by itself from now on: whatever is done to it is done as the sender that it has, or will have. */
async function newsletterSenders(stores: Stores, account: number, body: Body, { params }: FastifyRequest) {
  const { id } = params as { readonly id?: number };
  if (id === undefined) {
    const { list_id } = body;
    return list_id === undefined ? [] : [await senderAfter(stores, account, body, { list_id, from: null })];
  }
  const row = await stores.newsletters.find(account, id);
  return typeof row === 'string' ? [] : [await senderAfter(stores, account, body, row)];
}

/** From whom that would be mailed which the body changes or makes: its own sender, else that of its list or account. */
async function senderAfter(
  stores: Stores,
  account: number,
  body: Body,
  before: Pick<Campaign, 'list_id' | 'from'>,
): Promise<string> {
  const email = addressIn(body.from);
  const named = email === undefined ? null : { name: null, email };
  const from = body.from === undefined ? before.from : named;
  return (await senderOf(stores, { account, list_id: body.list_id ?? before.list_id, from })).email;
}

async function lastResort({ accounts, config }: Stores, account: number): Promise<string> {
  return parseSender((await accounts.find(account))?.mail_from ?? config.mailFrom)?.email ?? '';
}

function addressIn(from: unknown): string | undefined {
  if (typeof from === 'string') return from;
  const { email } = { ...(from as Partial<Sender> | null | undefined) };
  return email;
}
