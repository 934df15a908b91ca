import { type Static, Type } from 'typebox';
import { now } from '../../../clock.js';
import { Failure } from '../../../domain/errors.js';
import { FORMATS, typesFor, type WebhookFormat } from '../../../domain/webhook/formats.js';
import type { Delivery } from '../../../store/webhooks/deliveries.js';
import type { Endpoint } from '../../../store/webhooks/row.js';
import { type AddressGuard, addressGuard } from '../../../web/address-guard.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandDone, demandOwned } from '../../hooks/failures.js';
import { originOf } from '../../hooks/idempotency.js';
import { Data, NoContent, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import {
  DeliveryPage,
  DeliverySearch,
  deliveryView,
  NewWebhook,
  Rotation,
  WebhookPatch,
  WebhookView,
  WebhookWithSecret,
  webhookView,
} from './schema.js';

const tags = ['Webhooks'];
const ONE = { 200: Data(WebhookView), ...refusals };
const HOUR = 3_600_000;

export function webhooks(app: Api, deps: Deps): void {
  const guard = addressGuard(deps.config.allowedPrivateHosts);
  readWebhooks(app, deps);
  createWebhook(app, deps, guard);
  changeWebhook(app, deps, guard);
  removeWebhook(app, deps);
  rotateSecret(app, deps);
}

function readWebhooks(app: Api, { endpoints }: Deps): void {
  app.get(
    '/webhooks',
    {
      schema: {
        tags,
        summary: 'List webhook endpoints',
        response: { 200: Data(Type.Array(WebhookView)), ...refusals },
      },
    },
    async (request) => ({
      data: (await endpoints.ofAccount(accountOf(request))).map((row) => webhookView(row, now())),
    }),
  );

  app.get(
    '/webhooks/:id',
    { schema: { tags, summary: 'Retrieve a webhook endpoint', params: IdPath, response: ONE } },
    async (request) => ({
      data: webhookView(demandOwned(await endpoints.find(accountOf(request), request.params.id)), now()),
    }),
  );
}

function createWebhook(app: Api, { endpoints, eventLog }: Deps, guard: AddressGuard): void {
  app.post(
    '/webhooks',
    {
      config: { secretResponse: true },
      schema: {
        tags,
        summary: 'Create a webhook endpoint; the response shows its secret once',
        body: NewWebhook,
        response: { 201: Data(WebhookWithSecret), ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const fields = newEndpoint(request.body, guard);
      // Only later events are delivered.
      const cursor = await eventLog.assignSequences(account);
      const { row, secret } = await endpoints.create(account, { ...fields, cursor }, originOf(request));
      return reply.code(201).send({ data: { ...webhookView(row, now()), secret } });
    },
  );
}

function changeWebhook(app: Api, { endpoints, deliveries, engine }: Deps, guard: AddressGuard): void {
  app.patch(
    '/webhooks/:id',
    { schema: { tags, summary: 'Change a webhook endpoint', params: IdPath, body: WebhookPatch, response: ONE } },
    async (request) => {
      const account = accountOf(request);
      const before = demandOwned(await endpoints.find(account, request.params.id));
      const { url, events, enabled } = request.body;
      if (url !== undefined) demandReachable(url, guard);
      if (events !== undefined) demandKnown(events, before.format);
      const row = demandOwned(await endpoints.change(account, before._id, request.body));
      // What failed before the repair is tried at once.
      if (enabled === true || url !== undefined) await deliveries.retryAt(row, now());
      if (row.state === 'enabled') engine.notifyEndpoint(row);
      return { data: webhookView(row, now()) };
    },
  );
}

function removeWebhook(app: Api, { endpoints }: Deps): void {
  app.delete(
    '/webhooks/:id',
    {
      schema: { tags, summary: 'Delete a webhook endpoint', params: IdPath, response: { 204: NoContent, ...refusals } },
    },
    async (request, reply) => {
      demandDone(await endpoints.remove(accountOf(request), request.params.id));
      return reply.code(204).send(null);
    },
  );
}

function rotateSecret(app: Api, { endpoints }: Deps): void {
  app.post(
    '/webhooks/:id/rotate',
    {
      config: { secretResponse: true },
      schema: {
        tags,
        summary: 'Rotate the secret; the previous one continues to sign for a while',
        params: IdPath,
        body: Rotation,
        response: { 200: Data(WebhookWithSecret), ...refusals },
      },
    },
    async (request) => {
      const row = demandOwned(await endpoints.find(accountOf(request), request.params.id));
      const rotated = await endpoints.rotate(row, request.body.overlap_hours * HOUR);
      if (rotated === null) throw new Failure('busy', undefined, 'Another request is rotating the secret; try again.');
      return { data: { ...webhookView(rotated.row, now()), secret: rotated.secret } };
    },
  );
}

function newEndpoint(body: Static<typeof NewWebhook>, guard: AddressGuard) {
  const { url, format = 'standard', events, description = null, ordered = false } = body;
  demandReachable(url, guard);
  if (events !== undefined) demandKnown(events, format);
  return { url, format, events: events ?? FORMATS[format].defaultEvents, description, ordered };
}

function demandReachable(url: string, guard: AddressGuard): void {
  const fault = guard.faultOf(url);
  if (fault !== undefined) throw new Failure('validation_failed', { url: [`The url ${fault}.`] });
}

/** Each pattern must match an event type of the format. */
function demandKnown(events: Endpoint['events'], format: WebhookFormat): void {
  const unknown = events.filter((pattern) => pattern !== '*' && typesFor(format, [pattern]).length === 0);
  if (unknown.length === 0) return;
  const sentences = unknown.map((pattern) => `The ${format} format has no event ${pattern}.`);
  throw new Failure('validation_failed', { events: sentences.slice(0, 20) });
}

export function webhookDeliveries(app: Api, { endpoints, deliveries }: Deps): void {
  app.get(
    '/webhooks/:id/deliveries',
    {
      schema: {
        tags: ['Webhooks'],
        summary: 'List deliveries with their responses, the newest first',
        params: IdPath,
        querystring: DeliverySearch,
        response: { 200: DeliveryPage, ...refusals },
      },
    },
    async (request) => {
      const row = demandOwned(await endpoints.find(accountOf(request), request.params.id));
      const { after, limit, ...search } = request.query;
      const cursor = after === undefined ? {} : { after: parseCursor(after) };
      const found = await deliveries.page(row, { ...search, ...cursor, limit: limit + 1 });
      const shown = found.slice(0, limit);
      const last = found.length > limit ? shown.at(-1) : undefined;
      return { data: shown.map(deliveryView), meta: { next: last === undefined ? null : formatCursor(last) } };
    },
  );
}

function formatCursor({ created_at, event }: Delivery): string {
  return `${created_at.getTime()}.${event}`;
}

function parseCursor(text: string) {
  const [at = '0', event = ''] = text.split('.');
  return { at: new Date(Number(at)), event };
}
