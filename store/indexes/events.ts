import type { Index } from './definition.js';

/** Places of events: only events that have one are in them. */
export function eventLogIndexes(): Index[] {
  const sequenced = { partialFilterExpression: { seq: { $exists: true } } };
  const of = (field: string) => ({
    partialFilterExpression: { seq: { $exists: true }, [field]: { $exists: true } },
  });
  return [
    {
      on: 'events',
      keys: { account: 1, at: 1, append_index: 1, _id: 1 },
      options: { partialFilterExpression: { append_index: { $exists: true } } },
      serves: 'events without a place, and whose they are',
    },
    {
      on: 'events',
      keys: { public_id: 1 },
      options: { unique: true, partialFilterExpression: { public_id: { $exists: true } } },
      serves: 'an event by the id that callers know',
    },
    { on: 'events', keys: { account: 1, seq: 1 }, options: sequenced, serves: 'the river of an account in order' },
    {
      on: 'events',
      keys: { account: 1, type: 1, seq: 1 },
      options: sequenced,
      serves: 'the events an endpoint asks for',
    },
    { on: 'events', keys: { campaign: 1, seq: 1 }, options: of('campaign'), serves: 'events of a campaign in order' },
    { on: 'events', keys: { subscriber: 1, seq: 1 }, options: of('subscriber'), serves: 'events of a subscriber' },
    { on: 'events', keys: { 'data.message': 1, seq: 1 }, options: of('data.message'), serves: 'events of a message' },
  ];
}

/** Of webhook endpoints and what is delivered to them. */
export function webhookIndexes(): Index[] {
  const endpoint = { endpoint: 1 } as const;
  return [
    { on: 'endpoints', keys: { account: 1, _id: 1 }, serves: 'webhook endpoints of an account' },
    {
      on: 'endpoints',
      keys: { account: 1, origin: 1 },
      options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
      serves: 'the endpoint an Idempotency-Key has made',
    },
    { on: 'endpoints', keys: { state: 1, sweep_at: 1 }, serves: 'the sweep: endpoints that are owed a workflow' },
    { on: 'deliveries', keys: { ...endpoint, created_at: -1, event: -1 }, serves: 'the log of an endpoint' },
    {
      on: 'deliveries',
      keys: { ...endpoint, due: 1, seq: 1 },
      options: { partialFilterExpression: { due: { $type: 'date' } } },
      serves: 'what an endpoint is to be asked again',
    },
    {
      on: 'deliveries',
      keys: { expires_at: 1 },
      options: { expireAfterSeconds: 0 },
      serves: 'forgetting old deliveries',
    },
  ];
}
