import { randomBytes } from 'node:crypto';
import type { Static } from 'typebox';
import { now } from '../../../clock.js';
import { Failure } from '../../../domain/errors.js';
import { deliveryBody } from '../../../domain/webhook/delivery-body.js';
import { FORMATS, typesFor } from '../../../domain/webhook/formats.js';
import { sampleEventPayload } from '../../../domain/webhook/sample-event.js';
import type { SequencedEvent } from '../../../store/events/event-log.js';
import type { Endpoint } from '../../../store/webhooks/endpoints.js';
import { type WebClient, webClient } from '../../../web/client.js';
import { webhookRequest } from '../../../web/webhook-request.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { Data, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { deliveryAttemptView, Replay, Replayed, WebhookTest, WebhookTestResult } from './schema.js';

const tags = ['Webhooks'];
/** Of one call; who needs more asks for the next stretch of time. */
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
        summary: 'Send a sample at once and show the answer',
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
  const { url, format } = row;
  const [type] = typesFor(format, requestedType === undefined ? row.events : [requestedType]);
  if (type === undefined || (requestedType !== undefined && requestedType !== type)) {
    throw new Failure('validation_failed', { type: ['The selected type is invalid.'] });
  }
  const at = now();
  const id = `evt_${randomBytes(12).toString('hex')}`;
  const body = JSON.stringify(deliveryBody(format, sampleEventPayload(id, type, at)));
  const answer = await web.send(
    webhookRequest({ url, format, id, type, body, at, secrets: secretsOf(endpoints, row, at) }),
  );
  const answered = answer.kind === 'answered';
  const entry = {
    at,
    status: answered ? answer.status : null,
    error: answered ? null : answer.why,
    ms: answer.ms,
    answer: answered ? answer.body.toString('utf8') : '',
  };
  const delivered = answered && FORMATS[format].isDelivered(answer.status);
  const state = delivered ? 'delivered' : 'failed';
  await deliveries.record(row, [{ event: id, seq: null, type, state, attempt: 1, due: null, tried: entry }]);
  return { id, delivered, try: deliveryAttemptView(entry) };
}

function secretsOf(endpoints: Deps['endpoints'], row: Endpoint, at: Date): string[] {
  try {
    return endpoints.secretsOf(row, at);
  } catch {
    throw new Failure('sealed_elsewhere', undefined, 'The secret was sealed with another EVERPOST_SECRET; rotate it.');
  }
}

function replayEvents(app: Api, deps: Deps): void {
  app.post(
    '/webhooks/:id/replay',
    {
      schema: {
        tags,
        summary: 'Deliver an event, or those of a stretch of time, once more under their ids',
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

/** By id whatever its format can say; by time what the endpoint would have got. */
async function eventsToReplay(
  { eventLog }: Deps,
  row: Endpoint,
  { event, from, to }: Static<typeof Replay>,
): Promise<SequencedEvent[]> {
  await eventLog.assignSequences(row.account);
  if (event !== undefined) {
    if (from !== undefined || to !== undefined)
      throw invalidField('event', 'Name an event or a stretch of time, not both.');
    return [await eventToReplay(eventLog, row, event)];
  }
  if (from === undefined) throw invalidField('from', 'The from field is required without event.');
  const range = { from: new Date(from), ...(to !== undefined && { to: new Date(to) }) };
  if (range.to !== undefined && range.to <= range.from) throw invalidField('to', 'The to field must be after from.');
  const types = typesFor(row.format, row.events);
  const found = await eventLog.page(row.account, { types, ...range, limit: MAX_REPLAYED + 1 });
  if (found.length <= MAX_REPLAYED) return found;
  throw invalidField('to', `More than ${MAX_REPLAYED} events: take a shorter stretch.`);
}

async function eventToReplay(
  eventLog: Deps['eventLog'],
  { account, format }: Endpoint,
  event: string,
): Promise<SequencedEvent> {
  const found = await eventLog.byPublicId(account, event);
  if (found?.seq === undefined) throw invalidField('event', 'The selected event is invalid.');
  if (typesFor(format, [found.type]).length > 0) return found as SequencedEvent;
  throw invalidField('event', `The ${format} format has no words for ${found.type}.`);
}

function invalidField(field: string, sentence: string): Failure {
  return new Failure('validation_failed', { [field]: [sentence] });
}

function replayEntry({ public_id: event, seq, type }: SequencedEvent) {
  return { event, seq, type };
}
