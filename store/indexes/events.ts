import type { Index } from './definition.js';

/** Indexes of the event log. They cover only events with a sequence number. */
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
      serves: 'events without a sequence number, with their accounts',
    },
    {
      on: 'events',
      keys: { public_id: 1 },
      options: { unique: true, partialFilterExpression: { public_id: { $exists: true } } },
      serves: 'an event by its public id',
    },
    { on: 'events', keys: { account: 1, seq: 1 }, options: sequenced, serves: 'the event log of an account in order' },
    {
      on: 'events',
      keys: { account: 1, type: 1, seq: 1 },
      options: sequenced,
      serves: 'the events that an endpoint subscribes to',
    },
    { on: 'events', keys: { campaign: 1, seq: 1 }, options: of('campaign'), serves: 'events of a campaign in order' },
    { on: 'events', keys: { subscriber: 1, seq: 1 }, options: of('subscriber'), serves: 'events of a subscriber' },
    { on: 'events', keys: { 'data.message': 1, seq: 1 }, options: of('data.message'), serves: 'events of a message' },
  ];
}

/** Indexes of webhook endpoints and their deliveries. */
export function webhookIndexes(): Index[] {
  const endpoint = { endpoint: 1 } as const;
  return [
    { on: 'endpoints', keys: { account: 1, _id: 1 }, serves: 'webhook endpoints of an account' },
    {
      on: 'endpoints',
      keys: { account: 1, origin: 1 },
      options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
      serves: 'the endpoint an Idempotency-Key created',
    },
    { on: 'endpoints', keys: { state: 1, sweep_at: 1 }, serves: 'the sweep: endpoints that need a workflow' },
    { on: 'deliveries', keys: { ...endpoint, created_at: -1, event: -1 }, serves: 'the delivery log of an endpoint' },
    {
      on: 'deliveries',
      keys: { ...endpoint, due: 1, seq: 1 },
      options: { partialFilterExpression: { due: { $type: 'date' } } },
      serves: 'deliveries to retry',
    },
    {
      on: 'deliveries',
      keys: { expires_at: 1 },
      options: { expireAfterSeconds: 0 },
      serves: 'deleting old deliveries',
    },
  ];
}
