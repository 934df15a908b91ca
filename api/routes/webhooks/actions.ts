import { randomBytes } from 'node:crypto';
import type { Static } from 'typebox';
import { now } from '../../../clock.js';
import { Failure } from '../../../domain/errors.js';
import { FORMATS, typesFor } from '../../../domain/webhook/formats.js';
import { payloadIn } from '../../../domain/webhook/payload.js';
import { sampleTidings } from '../../../domain/webhook/sample.js';
import type { PlacedEvent } from '../../../store/river.js';
import type { Endpoint } from '../../../store/webhook/endpoints.js';
import { type WebClient, webClient } from '../../../web/client.js';
import { hookRequest } from '../../../web/hook-request.js';
import type { Api } from '../../app.js';
import { accountOf } from '../../auth.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { Data, refusals } from '../../schemas/envelope.js';
import { IdPath } from '../../schemas/fields.js';
import { Replay, Replayed, tryView, WebhookTest, WebhookTestResult } from '../../schemas/webhook.js';

const tags = ['Webhooks'];
/** Of one call; who needs more asks for the next stretch of time. */
const MOST_REPLAYED = 10_000;
const AT_ONCE = 1_000;

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
      const row = ours(await deps.endpoints.find(accountOf(request), request.params.id));
      return { data: await tried(deps, web, row, request.body.type) };
    },
  );
}

async function tried({ endpoints, deliveries }: Deps, web: WebClient, row: Endpoint, asked: string | undefined) {
  const { url, format } = row;
  const [type] = typesFor(format, asked === undefined ? row.events : [asked]);
  if (type === undefined || (asked !== undefined && asked !== type)) {
    throw new Failure('validation_failed', { type: ['The selected type is invalid.'] });
  }
  const at = now();
  const id = `evt_${randomBytes(12).toString('hex')}`;
  const body = JSON.stringify(payloadIn(format, sampleTidings(id, type, at)));
  const answer = await web.send(
    hookRequest({ url, format, id, type, body, at, secrets: secretsOf(endpoints, row, at) }),
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
  return { id, delivered, try: tryView(entry) };
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
      const row = ours(await deps.endpoints.find(account, request.params.id));
      const events = await wanted(deps, row, request.body);
      const due = now();
      for (let first = 0; first < events.length; first += AT_ONCE) {
        await deps.deliveries.replay(row, events.slice(first, first + AT_ONCE).map(replayed), due);
      }
      await deps.endpoints.owe(row);
      deps.engine.wakeEndpoint(row);
      return reply.code(202).send({ data: { events: events.length } });
    },
  );
}

/** By id whatever its format can say; by time what the endpoint would have got. */
async function wanted(
  { river }: Deps,
  row: Endpoint,
  { event, from, to }: Static<typeof Replay>,
): Promise<PlacedEvent[]> {
  await river.flow(row.account);
  if (event !== undefined) {
    if (from !== undefined || to !== undefined) throw refused('event', 'Name an event or a stretch of time, not both.');
    return [await named(river, row, event)];
  }
  if (from === undefined) throw refused('from', 'The from field is required without event.');
  const stretch = { from: new Date(from), ...(to !== undefined && { to: new Date(to) }) };
  if (stretch.to !== undefined && stretch.to <= stretch.from) throw refused('to', 'The to field must be after from.');
  const types = typesFor(row.format, row.events);
  const found = await river.page(row.account, { types, ...stretch, limit: MOST_REPLAYED + 1 });
  if (found.length <= MOST_REPLAYED) return found;
  throw refused('to', `More than ${MOST_REPLAYED} events: take a shorter stretch.`);
}

async function named(river: Deps['river'], { account, format }: Endpoint, event: string): Promise<PlacedEvent> {
  const found = await river.byPublicId(account, event);
  if (found?.seq === undefined) throw refused('event', 'The selected event is invalid.');
  if (typesFor(format, [found.type]).length > 0) return found as PlacedEvent;
  throw refused('event', `The ${format} format has no words for ${found.type}.`);
}

function refused(field: string, sentence: string): Failure {
  return new Failure('validation_failed', { [field]: [sentence] });
}

function replayed({ evt: event, seq, type }: PlacedEvent) {
  return { event, seq, type };
}
