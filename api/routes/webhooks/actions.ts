import { randomBytes } from 'node:crypto';
import type { Static } from 'typebox';
import { now } from '../../../clock.js';
import { Failure } from '../../../domain/errors.js';
import { givenTime } from '../../../domain/timestamp.js';
import type { EventPayload } from '../../../domain/webhook/event-payload.js';
import { FORMATS, typesFor } from '../../../domain/webhook/formats.js';
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

/** The payload of a test delivery, about a subscriber and a campaign that do not exist. */
function sampleEventPayload(id: string, type: string, at: Date): EventPayload {
  const about = { id, type, at };
  switch (type.split('.')[0]) {
    case 'campaign':
      return { ...about, campaignId: CAMPAIGN.id, campaign: CAMPAIGN, data: { subject: CAMPAIGN.subject } };
    case 'subscriber':
      return { ...about, subscriberId: ALICE.id, subscriber: ALICE, data: { list_id: 1, status: statusAfter(type) } };
    case 'recipient': {
      const data = { class: 'invalid_recipient', code: '5.1.1', reply: '550 5.1.1 no such user' };
      return { ...about, campaignId: CAMPAIGN.id, subscriberId: ALICE.id, subscriber: ALICE, data };
    }
    case 'message':
      return { ...about, message: MESSAGE, data: { message: MESSAGE.id, attempt: 1, ...DETAILS } };
    default:
      return { ...about, data: {} };
  }
}

const DETAILS = {
  class: 'accepted',
  code: '2.0.0',
  reply: '250 2.0.0 queued',
  url: 'https://example.com/',
  token: 'sample',
  ip: '192.0.2.1',
  user_agent: 'Mozilla/5.0',
};

const CAMPAIGN = {
  id: 7,
  subject: 'Our new pricing tiers',
  state: 'sent',
  list_id: 1,
  recipient_count: 2104,
  emails_sent: 2099,
  emails_failed: 5,
  emails_uncertain: 0,
};

const ALICE = {
  id: 42,
  list_id: 1,
  email: 'alice@example.com',
  first_name: 'Alice',
  last_name: null,
  status: 'active' as const,
  suppressed: false,
  attributes: {},
  tags: [],
  source: 'api',
  subscribed_at: '2026-05-01T08:13:00+00:00',
  unsubscribed_at: null,
};

const MESSAGE = {
  id: '01890a5d-ac96-7aa1-8d3c-5a0f3f0f8a11',
  number: 12,
  to: 'alice@example.com',
  from: 'news@example.com',
  subject: 'Your code',
  tags: ['code'],
  metadata: {},
  state: 'sent',
  created_at: new Date('2026-05-17T09:59:58Z'),
  sent_at: new Date('2026-05-17T10:00:00Z'),
};

function statusAfter(type: string): string {
  const status = type.slice('subscriber.'.length);
  return ['unsubscribed', 'bounced', 'complained'].includes(status) ? status : 'active';
}
