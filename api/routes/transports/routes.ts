import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { probe } from '../../../mail/smtp/probe.js';
import { urlFault } from '../../../mail/smtp/settings.js';
import { DEFAULT_TRANSPORT } from '../../../store/transports/health.js';
import { HIDDEN, type StoredTransport } from '../../../store/transports/transports.js';
import { type AddressGuard, addressGuard } from '../../../web/address-guard.js';
import { guardedDial } from '../../../web/connector.js';
import type { Api } from '../../api.js';
import { accountOf, principalOf } from '../../hooks/auth.js';
import { demandDone, demandOwned } from '../../hooks/failures.js';
import { originOf } from '../../hooks/idempotency.js';
import { Data, NoContent, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import {
  defaultTransportView,
  NewTransport,
  newTransport,
  TransportList,
  TransportPatch,
  TransportTestResult,
  TransportView,
  transportView,
} from './schema.js';

const tags = ['Transports'];
const ONE = { 200: Data(TransportView), ...refusals };
/** Time limit of each step of a test, in milliseconds. */
const STEP_TIMEOUT_MS = 10_000;

export function transports(app: Api, deps: Deps): void {
  listTransports(app, deps);
  createTransport(app, deps);
  retrieveTransport(app, deps);
  changeTransport(app, deps);
  removeTransport(app, deps);
  testTransport(app, deps);
}

function listTransports(app: Api, { transports, transportHealth }: Deps): void {
  app.get(
    '/transports',
    { schema: { tags, summary: 'List transports', response: { 200: TransportList, ...refusals } } },
    async (request) => {
      const rows = await transports.ofAccount(accountOf(request));
      const known = await transportHealth.of([DEFAULT_TRANSPORT, ...rows.map(({ _id }) => `${_id}`)]);
      const ofInstallation = defaultTransportView(known.get(DEFAULT_TRANSPORT), isOfClient(request));
      const data = rows.map((row) => transportView(row, known.get(`${row._id}`)));
      return { data, meta: { default: ofInstallation } };
    },
  );
}

function createTransport(app: Api, deps: Deps): void {
  app.post(
    '/transports',
    {
      schema: {
        tags,
        summary: 'Add a transport',
        body: NewTransport,
        response: { 201: Data(TransportView), ...refusals },
      },
    },
    async (request, reply) => {
      const fields = { ...newTransport(request.body), url: urlToStore(request.body.url, guardOf(deps, request)) };
      const row = await deps.transports.create(accountOf(request), fields, originOf(request));
      return reply.code(201).send({ data: await viewOf(deps, row) });
    },
  );
}

function retrieveTransport(app: Api, deps: Deps): void {
  app.get(
    '/transports/:id',
    { schema: { tags, summary: 'Retrieve a transport', params: IdPath, response: ONE } },
    async (request) => {
      const row = demandOwned(await deps.transports.find(accountOf(request), request.params.id));
      return { data: await viewOf(deps, row) };
    },
  );
}

function changeTransport(app: Api, deps: Deps): void {
  app.patch(
    '/transports/:id',
    { schema: { tags, summary: 'Change a transport', params: IdPath, body: TransportPatch, response: ONE } },
    async (request) => {
      const account = accountOf(request);
      const before = demandOwned(await deps.transports.find(account, request.params.id));
      const fields = changes(deps, request, request.body, before);
      const row = demandOwned(await deps.transports.change(account, before._id, fields));
      return { data: await viewOf(deps, row) };
    },
  );
}

function removeTransport(app: Api, { transports, transportHealth }: Deps): void {
  app.delete(
    '/transports/:id',
    { schema: { tags, summary: 'Remove a transport', params: IdPath, response: { 204: NoContent, ...refusals } } },
    async (request, reply) => {
      demandDone(await transports.remove(accountOf(request), request.params.id));
      await transportHealth.forget(`${request.params.id}`);
      return reply.code(204).send(null);
    },
  );
}

function testTransport(app: Api, deps: Deps): void {
  app.post(
    '/transports/:id/test',
    {
      schema: {
        tags,
        summary: 'Test the connection and login without sending mail',
        params: IdPath,
        response: { 200: Data(TransportTestResult), ...refusals },
      },
    },
    async (request) => {
      const row = demandOwned(await deps.transports.find(accountOf(request), request.params.id));
      const guard = guardOf(deps, request);
      return { data: await probe(storedUrl(deps, row), STEP_TIMEOUT_MS, guard && guardedDial(guard)) };
    },
  );
}

async function viewOf({ transportHealth }: Pick<Deps, 'transportHealth'>, row: StoredTransport) {
  const id = `${row._id}`;
  return transportView(row, (await transportHealth.of([id])).get(id));
}

function changes(
  deps: Deps,
  request: FastifyRequest,
  { url, ...fields }: Static<typeof TransportPatch>,
  before: StoredTransport,
) {
  if (url === undefined) return fields;
  return { ...fields, url: urlToStore(url, guardOf(deps, request), keptUrl(deps, before)) };
}

/** Keeps the transports of a client from private hosts; those of the operator's accounts may reach them. */
function guardOf({ config }: Deps, request: FastifyRequest): AddressGuard | undefined {
  return isOfClient(request) ? addressGuard(config.allowedPrivateHosts) : undefined;
}

function isOfClient(request: FastifyRequest): boolean {
  return principalOf(request).accountStatus.kind === 'client';
}

/** Undefined where the URL was encrypted with another secret: then the request must contain the password. */
function keptUrl({ transports }: Deps, row: StoredTransport): string | undefined {
  try {
    return transports.urlOf(row);
  } catch {
    return undefined;
  }
}

function storedUrl(deps: Deps, row: StoredTransport): string {
  const url = keptUrl(deps, row);
  if (url === undefined) throw new Failure('sealed_elsewhere');
  return url;
}

/**
 * An SMTP URL to store. A URL that is sent back with the hidden password keeps the stored one, but only for the same host
 * and user: otherwise the password would be sent to a host of the caller's choice.
 */
function urlToStore(given: string, guard?: Pick<AddressGuard, 'hostFaultOf'>, before?: string): string {
  const fault = urlFault(given) ?? guard?.hostFaultOf(new URL(given).hostname);
  if (fault !== undefined) refuse(fault);
  const url = new URL(given);
  if (url.password !== HIDDEN) return given;
  const stored = before === undefined ? undefined : new URL(before);
  if (stored === undefined || !isSameLogin(stored, url)) refuse('must name the password');
  else url.password = stored.password;
  return url.href;
}

function isSameLogin(one: URL, other: URL): boolean {
  return one.protocol === other.protocol && one.host === other.host && one.username === other.username;
}

function refuse(fault: string): never {
  throw new Failure('validation_failed', { url: [`The url ${fault}.`] });
}
