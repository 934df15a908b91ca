import { Type } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { FALLBACK_LANGUAGE, LANGUAGES } from '../../../domain/language.js';
import {
  merged,
  NO_FIELDS,
  SUBSCRIBER_LIMITS,
  type SubscriberRequest,
  tooLarge,
} from '../../../domain/subscriber/subscriber.js';
import { type Address, parseMailbox } from '../../../mail/address.js';
import { suppressedFailure } from '../../../services/suppressed-recipient.js';
import type { List } from '../../../store/lists/lists.js';
import type { SubscribeResult } from '../../../store/subscribers/changes.js';
import type { Subscriber } from '../../../store/subscribers/row.js';
import type { Api } from '../../api.js';
import { accountOf, principalOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { referencedList } from '../../references.js';
import { Data, NoContent, Page, refusals } from '../../schema/envelope.js';
import { closed, Id, IdPath } from '../../schema/fields.js';
import { pageMeta, skipOf } from '../../schema/paging.js';
import type { Deps } from '../../wiring.js';
import { identityIn } from '../people/search.js';
import {
  NewSubscriber,
  SubscriberPatch,
  SubscriberSearch,
  SubscriberView,
  subscriberView,
  withValidAttributes,
} from './schema.js';

const tags = ['Subscribers'];
const one = Data(SubscriberView);

const EmailPath = Type.Object({ email: Type.String({ maxLength: 1024 }) });
const RemovalSearch = Type.Object({ list_id: Type.Optional(Id), erase: Type.Optional(Type.Boolean()) }, closed);

export function subscribers(app: Api, deps: Deps): void {
  listSubscribers(app, deps);
  createSubscriber(app, deps);
  retrieveSubscriber(app, deps);
  changeSubscriber(app, deps);
  removeSubscriber(app, deps);
}

function listSubscribers(app: Api, deps: Deps): void {
  app.get(
    '/subscribers',
    {
      schema: {
        tags,
        summary: 'List subscribers',
        querystring: SubscriberSearch,
        response: { 200: Page(SubscriberView), ...refusals },
      },
    },
    async (request) => {
      const account = accountOf(request);
      const { list_id: list, page, per_page, email, subscriber_id: id, ...search } = request.query;
      const at = { page, per_page };
      const query = { list, id, emailKey: email === undefined ? undefined : identityIn(email), ...search };
      const { found, total } = await deps.subscribers.page(account, query, skipOf(at), per_page);
      return { data: await subscriberViews(deps, account, found), meta: pageMeta(at, total) };
    },
  );
}

function createSubscriber(app: Api, deps: Deps): void {
  app.post(
    '/subscribers',
    {
      schema: {
        tags,
        summary: 'Create a subscriber',
        body: NewSubscriber,
        response: { 200: one, 201: one, ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const { list_id, email, status: wanted, reactivate: mayReactivate, ...fields } = request.body;
      const list = await referencedList(deps, account, list_id);
      const subscriber = await withValidAttributes(deps, account, { ...fields, ...parsedEmail(email) });
      const reactivate = mayReactivate ?? principalOf(request).accountStatus.reactivate ?? true;
      const joining = { account, list: list._id, source: 'api', ip: null, subscriber, reactivate };
      // A person who unsubscribed may be asked whether they come back, unless the request forbids it.
      const asks = wanted === 'pending' && (mayReactivate !== false || !(await hasLeft(deps, list, subscriber)));
      const joined = await (asks ? requestConfirmation(deps, list, subscriber) : deps.subscribers.subscribe(joining));
      const status = joined.kind === 'created' ? 201 : 200;
      return reply.code(status).send({ data: await subscriberViewFor(deps, subscriberIn(joined)) });
    },
  );
}

function retrieveSubscriber(app: Api, deps: Deps): void {
  app.get(
    '/subscribers/:id',
    { schema: { tags, summary: 'Retrieve a subscriber', params: IdPath, response: { 200: one, ...refusals } } },
    async (request) => {
      const account = accountOf(request);
      return {
        data: await subscriberViewFor(deps, demandOwned(await deps.subscribers.find(account, request.params.id))),
      };
    },
  );
}

function changeSubscriber(app: Api, deps: Deps): void {
  app.patch(
    '/subscribers/:id',
    {
      schema: {
        tags,
        summary: 'Change a subscriber',
        params: IdPath,
        body: SubscriberPatch,
        response: { 200: one, ...refusals },
      },
    },
    async (request) => {
      const account = accountOf(request);
      const changes = await withValidAttributes(deps, account, request.body);
      const changed = demandOwned(await deps.subscribers.change(account, request.params.id, changes));
      return { data: await subscriberViewFor(deps, subscriberIn(changed)) };
    },
  );
}

function removeSubscriber(app: Api, deps: Deps): void {
  app.delete(
    '/subscribers/:email',
    {
      schema: {
        tags,
        summary: 'Unsubscribe an address, or erase the person',
        params: EmailPath,
        querystring: RemovalSearch,
        response: { 204: NoContent, ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const { list_id, erase } = request.query;
      if (erase === true && list_id !== undefined) throw new Failure('validation_failed', { list_id: [EVERY_LIST] });
      // Text that is no address is on no list.
      const key = parseMailbox(request.params.email)?.identity;
      if (key !== undefined && erase === true) await erasePerson(deps, account, key);
      else if (key !== undefined) await deps.subscribers.unsubscribe(account, key, list_id);
      return reply.code(204).send(null);
    },
  );
}

async function subscriberViews({ suppressions }: Deps, account: number, found: readonly Subscriber[]) {
  const keys = found.map(({ email_key }) => email_key);
  const suppressed = await suppressions.among(account, keys);
  return found.map((row) => subscriberView(row, suppressed));
}

async function subscriberViewFor({ suppressions }: Deps, row: Subscriber) {
  return subscriberView(row, await suppressions.among(row.account, [row.email_key]));
}

/** Cancels waiting messages to the person, then erases their data. Every step may be repeated. */
async function erasePerson(deps: Deps, account: number, emailKey: string): Promise<void> {
  const { messages, messageQuota, retention, subscribers } = deps;
  for (const { _id } of await messages.waitingFor(account, emailKey)) {
    const cancelled = await messages.cancel(account, _id);
    if (cancelled?.state === 'cancelled') await messageQuota.release([cancelled]);
  }
  await retention.erasePerson(account, emailKey);
  await subscribers.erase(account, emailKey);
}

// A request with a list must not change other lists, and an erasure cannot be undone.
const EVERY_LIST = 'The list_id cannot be used together with erase: a person is forgotten on every list.';

const LIMITS = {
  attributes: `The attributes must not have more than ${SUBSCRIBER_LIMITS.attributes} fields or ${SUBSCRIBER_LIMITS.attributeBytes} bytes.`,
  tags: `The tags must not have more than ${SUBSCRIBER_LIMITS.tags} items.`,
} as const;

function subscriberIn(joined: SubscribeResult): Subscriber {
  if (joined.kind !== 'too_large') return joined.subscriber;
  throw new Failure('validation_failed', { [joined.field]: [LIMITS[joined.field]] });
}

function parsedEmail(email: string): { email: string; email_key: string } {
  const address: Address | undefined = parseMailbox(email);
  if (address !== undefined) return { email: address.shown, email_key: address.identity };
  throw new Failure('validation_failed', { email: ['The email must be a valid email address.'] });
}

async function hasLeft({ subscribers }: Deps, { account, _id }: List, { email_key }: SubscriberRequest) {
  const rows = await subscribers.onEveryList(account, email_key);
  return rows.some(({ list_id, unsubscribed_at }) => list_id === _id && unsubscribed_at !== null);
}

/** Adds a subscriber as `pending` and sends the confirmation mail. Subscribers who need no confirmation stay unchanged. */
async function requestConfirmation(deps: Deps, list: List, fields: SubscriberRequest): Promise<SubscribeResult> {
  const field = tooLarge(merged(NO_FIELDS, fields));
  if (field !== undefined) return { kind: 'too_large', field };
  const { account, _id: list_id } = list;
  const language = LANGUAGES.find((known) => known === list.language) ?? FALLBACK_LANGUAGE;
  const request = { account, list_id, requested: fields, language, source: 'api', ip: null, visitor: null } as const;
  const row = await deps.confirmations.open(account, (await deps.confirmations.add(request))._id);
  if (row?.state === 'open') deps.engine.notifyConfirmation(row);
  if (row?.reason === 'over_cap') throw new Failure('subscriber_limit_reached');
  const rows = await deps.subscribers.onEveryList(account, fields.email_key);
  const subscriber = rows.find((person) => person.list_id === list_id);
  if (subscriber === undefined) throw await suppressedFailure(deps.suppressions, account, fields.email_key);
  return { kind: row?.state === 'open' && row.new_subscriber ? 'created' : 'unchanged', subscriber };
}
