import type { Static } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { typesOf, unknownTypeSentence } from '../../../domain/event-types.js';
import { givenTime } from '../../../domain/timestamp.js';
import type { WebhookFormat } from '../../../domain/webhook/formats.js';
import { eventPayloadsOf } from '../../../services/event-payloads.js';
import type { EventQuery } from '../../../store/events/event-pages.js';
import type { SequencedEvent } from '../../../store/events/events.js';
import { deliveryBody } from '../../../web/webhook/body.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { refusals } from '../../schema/envelope.js';
import type { Deps } from '../../wiring.js';
import { demandOneName, identityIn, searchedPerson } from '../people/search.js';
import { EventPage, type EventResponse, EventSearch } from './schema.js';
import { eventDeliveries, eventView } from './view.js';

export function events(app: Api, deps: Deps): void {
  const { eventLog } = deps;
  app.get(
    '/events',
    {
      schema: {
        tags: ['Events'],
        summary: 'List events in a stable order',
        querystring: EventSearch,
        response: { 200: EventPage, ...refusals },
      },
    },
    async (request) => {
      const account = accountOf(request);
      const { payload: format, include, ...search } = request.query;
      const query = await queryFrom(deps, account, search);
      // Sequences pending events first: the response includes every earlier event even without a worker.
      await eventLog.assignSequences(account);
      const found = await eventLog.page(account, { ...query, limit: query.limit + 1 });
      const shown = found.slice(0, query.limit);
      const next = found.length > query.limit ? (shown.at(-1)?.seq ?? null) : null;
      const { after, descending } = query;
      const forgotten =
        after === undefined || descending === true ? 0 : (await eventLog.deletedUpTo(account, after)) - after;
      const deliveries = include === undefined ? undefined : await eventDeliveries(deps, account, shown);
      const views = shown.map((event) => eventView(event, deliveries));
      const data = format === undefined ? views : await withPayloads(deps, account, format, shown, views);
      return { data, meta: { next, forgotten } };
    },
  );
}

/** Adds to each view the body that an endpoint with the format would receive, of the rows as they are now. */
async function withPayloads(
  deps: Deps,
  account: number,
  format: WebhookFormat,
  found: readonly SequencedEvent[],
  views: readonly EventResponse[],
) {
  const payloads = await eventPayloadsOf(deps, account, found, format === 'envie');
  const bodies = payloads.map((payload) => deliveryBody(format, payload) ?? null);
  return views.map((view, i) => ({ ...view, payload: (bodies[i] ?? null) as Record<string, unknown> | null }));
}

async function queryFrom(
  deps: Deps,
  account: number,
  {
    type,
    from,
    to,
    order,
    email,
    subscriber,
    subscriber_id,
    ...rest
  }: Omit<Static<typeof EventSearch>, 'payload' | 'include'>,
): Promise<EventQuery> {
  demandOneName({ email, subscriber, subscriber_id });
  const id = subscriber ?? subscriber_id;
  return {
    ...rest,
    ...(id !== undefined && { subscriber: id }),
    ...(email !== undefined && { about: await eventsAbout(deps, account, email) }),
    descending: order === 'desc',
    ...(type !== undefined && { types: knownTypes(type) }),
    ...(from !== undefined && { from: givenTime(from) }),
    ...(to !== undefined && { to: givenTime(to) }),
  };
}

/** So many of the latest messages to an address are searched for events. */
const MESSAGES_SEARCHED = 100;

/** The rows of a person, and the latest messages to the address. */
async function eventsAbout(deps: Deps, account: number, email: string): Promise<NonNullable<EventQuery['about']>> {
  const emailKey = identityIn(email);
  const [person, messages] = await Promise.all([
    searchedPerson(deps, account, { email }),
    deps.messages.page(account, { to: emailKey, limit: MESSAGES_SEARCHED }),
  ]);
  const rows = typeof person === 'object' ? person.rows : [];
  return { subscribers: rows.map(({ _id }) => _id), messages: messages.map(({ _id }) => _id) };
}

function knownTypes(pattern: string): readonly string[] {
  const types = typesOf(pattern);
  if (types.length > 0) return types;
  throw new Failure('validation_failed', { type: [unknownTypeSentence(pattern)] });
}
