import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { EVENT_SAMPLES } from '../../../domain/webhook/samples.js';
import { eventPayloadsOf } from '../../../services/event-payloads.js';
import type { StoredEvent } from '../../../store/events/events.js';
import { deliveryBody } from '../../../web/webhook/body.js';
import { webhookSchemas } from '../api/webhook-schemas.js';
import type { EventFixture } from './event-fixture.js';

/** The fields of an event's data with the kinds of their values; a field may be null in either of the two. */
function shapeOf(data: object, other: object): object {
  const isNull = ([name, value]: [string, unknown]) => value === null || Object(other)[name] === null;
  return Object.fromEntries(Object.entries(data).map((field) => [field[0], isNull(field) ? 'null' : typeof field[1]]));
}

/**
 * Expects that the sample of a type has the fields that the product has just written for it, and that every event of the
 * type is delivered as the OpenAPI document describes.
 */
export async function expectTrueSample({ api, collection }: EventFixture, type: string): Promise<void> {
  const sample = EVENT_SAMPLES[type]?.data ?? {};
  const found = await collection('events').find({ type }).toArray();
  const pairs = found.map(({ data = {} }) => [shapeOf(data ?? {}, sample), shapeOf(sample, data ?? {})]);
  const isTrue = pairs.some(([real, ours]) => isDeepStrictEqual(real, ours));
  expect(isTrue, `${type}: ${JSON.stringify(pairs[0])}`).toBe(true);
  const { expectDescribed } = await webhookSchemas(api);
  const events = found as unknown as StoredEvent[];
  for (const payload of await eventPayloadsOf(api.deps, api.account, events, false)) {
    expectDescribed(type, deliveryBody('standard', payload) ?? {});
  }
}
