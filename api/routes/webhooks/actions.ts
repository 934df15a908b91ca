import { randomBytes } from 'node:crypto';
import type { Static } from 'typebox';
import { now } from '../../../clock.js';
import { Failure } from '../../../domain/errors.js';
import { givenTime } from '../../../domain/timestamp.js';
import type { EventPayload } from '../../../domain/webhook/event-payload.js';
import { FORMATS, typesFor } from '../../../domain/webhook/formats.js';
import { EVENT_SAMPLES } from '../../../domain/webhook/samples.js';
import { postEvent } from '../../../services/webhook-post.js';
import type { SequencedEvent } from '../../../store/events/events.js';
import type { Endpoint } from '../../../store/webhooks/row.js';
import { type WebClient, webClient } from '../../../web/client.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { Data, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { deliveryAttemptView, Replay, Replayed, WebhookTest, WebhookTestResult } from './schema.js';

const tags = ['Webhooks'];
/** Events of one call; for more the caller repeats the call with the next time range. */
const MAX_REPLAYED = 10_000;
const REPLAY_BATCH = 1_000;

export function webhookActions(app: Api, deps: Deps): void {
  const web = webClient({ exceptions: deps.config.allowedPrivateHosts });
  app.addHook('onClose', () => web.close());
  testWebhook(app, deps, web);
  replayEvents(app, deps);
}

function testWebhook(app: Api, deps: Deps, web: WebClient): void {
  app.post(
    '/webhooks/:id/test',
    {
      schema: {
        tags,
        summary: 'Send a sample event now and show the response',
        params: IdPath,
        body: WebhookTest,
        response: { 200: Data(WebhookTestResult), ...refusals },
      },
    },
    async (request) => {
      const row = demandOwned(await deps.endpoints.find(accountOf(request), request.params.id));
      return { data: await sendTest(deps, web, row, request.body.type) };
    },
  );
}

async function sendTest(
  { endpoints, deliveries }: Deps,
  web: WebClient,
  row: Endpoint,
  requestedType: string | undefined,
) {
  const { format } = row;
  const [type] = typesFor(format, requestedType === undefined ? row.events : [requestedType]);
  if (type === undefined || (requestedType !== undefined && requestedType !== type)) {
    throw new Failure('validation_failed', { type: ['The selected type is invalid.'] });
  }
  const at = now();
  const id = `evt_${randomBytes(12).toString('hex')}`;
  const posted = await postEvent(web, row, secretsOf(endpoints, row, at), sampleEventPayload(id, type, at));
  if (posted === undefined) throw new Error(`the sample of ${type} has no payload in the ${format} format`);
  const { tried } = posted;
  const delivered = tried.status !== null && FORMATS[format].isDelivered(tried.status);
  const state = delivered ? 'delivered' : 'failed';
  await deliveries.record(row, [{ event: id, seq: null, type, state, attempt: 1, due: null, tried }]);
  return { id, delivered, try: deliveryAttemptView(tried) };
}

function secretsOf(endpoints: Deps['endpoints'], row: Endpoint, at: Date): string[] {
  try {
    return endpoints.secretsOf(row, at);
  } catch {
    throw new Failure(
      'sealed_elsewhere',
      undefined,
      'The secret of this endpoint was sealed with another EVERPOST_SECRET. Rotate the secret.',
    );
  }
}

function replayEvents(app: Api, deps: Deps): void {
  app.post(
    '/webhooks/:id/replay',
    {
      schema: {
        tags,
        summary: 'Deliver one event, or the events of a time range, again under the same ids',
        params: IdPath,
        body: Replay,
        response: { 202: Data(Replayed), ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const row = demandOwned(await deps.endpoints.find(account, request.params.id));
      const events = await eventsToReplay(deps, row, request.body);
      const due = now();
      for (let first = 0; first < events.length; first += REPLAY_BATCH) {
        await deps.deliveries.replay(row, events.slice(first, first + REPLAY_BATCH).map(replayEntry), due);
      }
      await deps.endpoints.scheduleSweep(row);
      deps.engine.notifyEndpoint(row);
      return reply.code(202).send({ data: { events: events.length } });
    },
  );
}

/** By id: any event that has a payload in the format. By time: the events the endpoint subscribes to. */
async function eventsToReplay(
  { eventLog }: Deps,
  row: Endpoint,
  { event, from, to }: Static<typeof Replay>,
): Promise<SequencedEvent[]> {
  await eventLog.assignSequences(row.account);
  if (event !== undefined) {
    if (from !== undefined || to !== undefined) throw invalidField('event', 'Name an event or a time range, not both.');
    return [await eventToReplay(eventLog, row, event)];
  }
  if (from === undefined) throw invalidField('from', 'The from field is required without event.');
  const range = { from: givenTime(from), ...(to !== undefined && { to: givenTime(to) }) };
  if (range.to !== undefined && range.to <= range.from) throw invalidField('to', 'The to field must be after from.');
  const types = typesFor(row.format, row.events);
  const found = await eventLog.page(row.account, { types, ...range, limit: MAX_REPLAYED + 1 });
  if (found.length <= MAX_REPLAYED) return found;
  throw invalidField('to', `More than ${MAX_REPLAYED} events: use a shorter time range.`);
}

async function eventToReplay(
  eventLog: Deps['eventLog'],
  { account, format }: Endpoint,
  event: string,
): Promise<SequencedEvent> {
  const found = await eventLog.byPublicId(account, event);
  if (found?.seq === undefined) throw invalidField('event', 'The selected event is invalid.');
  if (typesFor(format, [found.type]).length > 0) return found as SequencedEvent;
  throw invalidField('event', `The ${format} format has no payload for ${found.type}.`);
}

function invalidField(field: string, sentence: string): Failure {
  return new Failure('validation_failed', { [field]: [sentence] });
}

function replayEntry({ public_id: event, seq, type }: SequencedEvent) {
  return { event, seq, type };
}

/** The payload of a test delivery: a true one for its type, about things that do not exist. */
function sampleEventPayload(id: string, type: string, at: Date): EventPayload {
  const sample = EVENT_SAMPLES[type];
  if (sample === undefined) throw new Error(`there is no sample of ${type}`);
  return { id, type, at, ...sample };
}
