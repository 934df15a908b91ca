import type { FastifyRequest } from 'fastify';
import { parseSender } from '../../../mail/address.js';
import { accountSender, campaignSender } from '../../../services/sender.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Deps } from '../../wiring.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Where the body of a dialect names its sender; undefined means the account's sender, `none` a route without sender. */
    senderIn?: 'none' | ((body: unknown) => string | undefined);
  }
}

/** The senders that a request sends, prepares or sets up mail from, named or inherited. */
export async function sendersIn(
  stores: SenderStores,
  account: number,
  request: FastifyRequest,
): Promise<readonly string[]> {
  if (request.method === 'GET' || request.method === 'HEAD') return [];
  const { url = '', config } = request.routeOptions;
  if (config.senderIn === 'none') return [];
  if (config.senderIn !== undefined) {
    return [config.senderIn(request.body) ?? (await accountSender(stores, account)).email];
  }
  const { id } = request.params as Pick<Asked, 'id'>;
  const body = (request.body ?? {}) as Asked['body'];
  return (await sendersOf(request.method, url)?.(stores, { account, body, id })) ?? [];
}

type SenderStores = Pick<Deps, 'accounts' | 'campaigns' | 'config' | 'lists' | 'newsletters'>;

/** The sender fields of a body, whatever its route. */
interface Body {
  readonly from?: unknown;
  readonly list_id?: number | undefined;
  readonly messages?: readonly unknown[];
  readonly defaults?: { readonly from?: unknown };
  readonly double_opt_in?: boolean;
  readonly status?: string;
  readonly notifications?: { readonly subscribe?: boolean; readonly unsubscribe?: boolean };
}

interface Asked {
  readonly account: number;
  readonly body: Body;
  /** The row in the path; undefined where the path names none. */
  readonly id: number | undefined;
}

type Senders = (stores: SenderStores, asked: Asked) => Promise<readonly string[]>;

const none: Senders = async () => [];

/**
 * The senders of each route that sends, prepares or sets up mail; the first match counts. Routes of the scopes `contacts` and
 * `send` must have a rule. Routes of `admin` need none: a restricted key cannot hold that scope.
 */
const RULES: readonly (readonly [route: RegExp, senders: Senders])[] = [
  [/^POST \/messages(\/batch)?$/, ofMessages],
  [/^POST \/campaigns$/, ofNew],
  [/^PATCH \/campaigns\/:id$/, ofCampaign],
  [/^POST \/campaigns\/:id\/(send|schedule|resume|retry|test|approve|drafts|drafts\/:n\/choose)$/, ofCampaign],
  [/^POST \/newsletters$/, ofNew],
  [/^(POST|PUT|PATCH|DELETE) \/newsletters\/:id(\/|$)/, ofNewsletter],
  [/^(POST \/lists|PATCH \/lists\/:id)$/, ofList],
  [/^(DELETE \/lists\/:id|POST \/lists\/:id\/imports)$/, none],
  [/^(DELETE \/campaigns\/:id|POST \/campaigns\/:id\/(pause|cancel|reject|rate|preview(\/link)?|check))$/, none],
  [/^POST \/messages\/:id\/cancel$/, none],
  // Templates have no sender; the mail that uses one names it.
  [/^\w+ \/templates(\/|$)/, none],
  [/^POST \/subscribers$/, ofConfirmation],
  [/^\w+ \/(subscribers|suppressions|inbound)(\/|$)/, none],
];

/** The rule of a native route; undefined where it has none. */
export function sendersOf(method: string, url: string): Senders | undefined {
  const route = `${method} ${url.replace('/api/v1', '')}`;
  return RULES.find(([pattern]) => pattern.test(route))?.[1];
}

async function ofMessages(stores: SenderStores, { account, body }: Asked): Promise<string[]> {
  const own = (await accountSender(stores, account)).email;
  return (body.messages ?? [body]).map((item) => addressIn((item as Body | null)?.from) ?? own);
}

/** A new campaign or newsletter. */
async function ofNew(stores: SenderStores, { account, body }: Asked): Promise<string[]> {
  const { list_id } = body;
  return list_id === undefined ? [] : [await senderAfter(stores, account, body, { list_id, from: null })];
}

async function ofCampaign(stores: SenderStores, { account, body, id = 0 }: Asked): Promise<string[]> {
  const row = await stores.campaigns.find(account, id);
  return row === null ? [] : [await senderAfter(stores, account, body, row)];
}

/** A newsletter sends by itself: every change is checked against its current and its new sender. */
async function ofNewsletter(stores: SenderStores, { account, body, id = 0 }: Asked): Promise<string[]> {
  const row = await stores.newsletters.find(account, id);
  return typeof row === 'string' ? [] : [await senderAfter(stores, account, body, row)];
}

/** A pending subscriber gets a confirmation mail from the sender of the list. */
async function ofConfirmation(stores: SenderStores, { account, body }: Asked): Promise<string[]> {
  return body.status === 'pending' ? ofNew(stores, { account, body: { list_id: body.list_id }, id: undefined }) : [];
}

/** A list sends confirmations from its own sender and notifications from that of the account. */
async function ofList(stores: SenderStores, { account, body, id }: Asked): Promise<string[]> {
  const found = id === undefined ? undefined : await stores.lists.find(account, id);
  if (typeof found === 'string') return [];
  const given = body.defaults?.from;
  const own = (await accountSender(stores, account)).email;
  const sender = (given === undefined ? found?.defaults.from?.email : addressIn(given)) ?? own;
  const asksBack = body.double_opt_in ?? found?.double_opt_in ?? false;
  const { subscribe, unsubscribe } = { ...found?.notifications, ...body.notifications };
  return [...(given !== undefined || asksBack ? [sender] : []), ...(subscribe || unsubscribe ? [own] : [])];
}

/** The sender of the row after the change: its own, else that of its list or account. */
async function senderAfter(
  stores: SenderStores,
  account: number,
  body: Body,
  before: Pick<Campaign, 'list_id' | 'from'>,
): Promise<string> {
  const email = addressIn(body.from);
  const named = email === undefined ? null : { name: null, email };
  const from = body.from === undefined ? before.from : named;
  return (await campaignSender(stores, { account, list_id: body.list_id ?? before.list_id, from })).email;
}

function addressIn(from: unknown): string | undefined {
  if (typeof from === 'string') return parseSender(from)?.email ?? from;
  const { email } = { ...(from as { readonly email?: string } | null | undefined) };
  return email;
}
