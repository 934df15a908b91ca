import { Type } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { parseMailbox } from '../../../mail/address.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { Data, NoContent, refusals } from '../../schema/envelope.js';
import type { Deps } from '../../wiring.js';
import {
  NewSuppression,
  SuppressionBatch,
  SuppressionCounts,
  SuppressionPage,
  SuppressionSearch,
  SuppressionView,
  suppressionView,
} from './schema.js';
import { suppressMany } from './suppress-many.js';

const tags = ['Suppressions'];
const ONE = Data(SuppressionView);
const EmailPath = Type.Object({ email: Type.String({ maxLength: 1024 }) });

/** Addresses that get no mail from the account, on any list. */
export function suppressions(app: Api, deps: Deps): void {
  listSuppressions(app, deps);
  suppress(app, deps);
  suppressBatch(app, deps);
  unsuppress(app, deps);
}

function listSuppressions(app: Api, { suppressions }: Deps): void {
  app.get(
    '/suppressions',
    {
      schema: {
        tags,
        summary: 'List suppressed addresses, newest first',
        querystring: SuppressionSearch,
        response: { 200: SuppressionPage, ...refusals },
      },
    },
    async (request) => {
      const { email, limit, ...query } = request.query;
      const key = email === undefined ? {} : { emailKey: identity(email) };
      const { found, next } = await suppressions.page(accountOf(request), { ...query, ...key }, limit);
      return { data: found.map(suppressionView), meta: { next: next ?? null } };
    },
  );
}

function suppress(app: Api, { suppressions }: Deps): void {
  app.post(
    '/suppressions',
    {
      schema: {
        tags,
        summary: 'Suppress an address; the first reason stays',
        body: NewSuppression,
        response: { 200: ONE, 201: ONE, ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const { email, reason = 'manual', evidence = null } = request.body;
      const key = identity(email);
      const added = await suppressions.add(account, key, reason, evidence);
      const row = await suppressions.find(account, key);
      if (row === null) throw new Failure('busy', undefined, 'The address was released at the same time; try again.');
      return reply.code(added === 'added' ? 201 : 200).send({ data: suppressionView({ ...row, email_key: key }) });
    },
  );
}

function suppressBatch(app: Api, deps: Deps): void {
  app.post(
    '/suppressions/batch',
    {
      schema: {
        tags,
        summary: 'Suppress up to 1,000 addresses',
        body: SuppressionBatch,
        response: { 200: Data(SuppressionCounts), ...refusals },
      },
    },
    async (request) => {
      const { emails, reason = 'manual' } = request.body;
      return { data: await suppressMany(deps, accountOf(request), [emails], reason) };
    },
  );
}

function unsuppress(app: Api, { suppressions }: Deps): void {
  app.delete(
    '/suppressions/:email',
    {
      schema: {
        tags,
        summary: 'Release an address; bounced and complained subscribers keep their status',
        params: EmailPath,
        response: { 204: NoContent, ...refusals },
      },
    },
    async (request, reply) => {
      if (!(await suppressions.remove(accountOf(request), identity(request.params.email))))
        throw new Failure('not_found');
      return reply.code(204).send(null);
    },
  );
}

function identity(email: string): string {
  const address = parseMailbox(email);
  if (address !== undefined) return address.identity;
  throw new Failure('validation_failed', { email: ['The email must be a valid email address.'] });
}
