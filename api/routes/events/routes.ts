import type { Static } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { typesOf } from '../../../domain/event-types.js';
import type { EventQuery } from '../../../store/events/event-log.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { refusals } from '../../schema/envelope.js';
import type { Deps } from '../../wiring.js';
import { EventPage, EventSearch, eventView } from './schema.js';

export function events(app: Api, { eventLog }: Deps): void {
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
      const query = queryFrom(request.query);
      // Sequences pending events first: the response includes every earlier event even without a worker.
      await eventLog.assignSequences(account);
      const found = await eventLog.page(account, { ...query, limit: query.limit + 1 });
      const shown = found.slice(0, query.limit);
      const next = found.length > query.limit ? (shown.at(-1)?.seq ?? null) : null;
      const { after, descending } = query;
      const forgotten =
        after === undefined || descending === true ? 0 : (await eventLog.deletedUpTo(account, after)) - after;
      return { data: shown.map(eventView), meta: { next, forgotten } };
    },
  );
}

function queryFrom({ type, from, to, order, ...rest }: Static<typeof EventSearch>): EventQuery {
  return {
    ...rest,
    descending: order === 'desc',
    ...(type !== undefined && { types: knownTypes(type) }),
    ...(from !== undefined && { from: new Date(from) }),
    ...(to !== undefined && { to: new Date(to) }),
  };
}

function knownTypes(pattern: string): readonly string[] {
  const types = typesOf(pattern);
  if (types.length > 0) return types;
  throw new Failure('validation_failed', { type: ['The selected type is invalid.'] });
}
