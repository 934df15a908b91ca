import { type Static, Type } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { parseMailbox } from '../../../mail/address.js';
import {
  SUPPRESSION_REASONS,
  type Suppression,
  type SuppressionReason,
} from '../../../store/suppressions/suppressions.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { Data, NoContent, refusals } from '../../schema/envelope.js';
import { closed, Line, Mailbox, nullable, Timestamp } from '../../schema/fields.js';
import { AfterMoment } from '../../schema/paging.js';
import { timestamp } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';

/** The reasons that a caller may give; `erased` is set by erasing a person only. */
const GIVEN_REASONS = SUPPRESSION_REASONS.filter((reason) => reason !== 'erased');

const reason = Type.Optional(
  Type.Enum(GIVEN_REASONS, { description: 'The reason known to another system; `manual` by default.' }),
);

const NewSuppression = Type.Object(
  { email: Mailbox, reason, evidence: Type.Optional(nullable(Line(120))) },
  { ...closed, examples: [{ email: 'alice@example.com', evidence: 'asked by phone' }] },
);

/** Addresses are validated later: an invalid one is reported and does not fail the batch. */
const SuppressionBatch = Type.Object(
  { emails: Type.Array(Type.String({ maxLength: 1024 }), { minItems: 1, maxItems: 1000 }), reason },
  { ...closed, examples: [{ emails: ['alice@example.com', 'bob@example.com'] }] },
);

const SuppressionSearch = Type.Object(
  {
    email: Type.Optional(Mailbox),
    reason: Type.Optional(Type.Enum([...SUPPRESSION_REASONS])),
    after: AfterMoment,
    limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 50 }),
  },
  closed,
);

export const ImportedSearch = Type.Object({ reason }, closed);

const SuppressionView = Type.Object(
  {
    email: nullable(
      Type.String({ description: 'The normalized address; null: the person was erased and only a hash is kept.' }),
    ),
    reason: Type.Enum([...SUPPRESSION_REASONS]),
    evidence: nullable(Type.String()),
    expires_at: nullable(Timestamp),
    created_at: Timestamp,
  },
  {
    examples: [
      {
        email: 'alice@example.com',
        reason: 'bounce',
        evidence: '550 5.1.1 user unknown',
        expires_at: null,
        created_at: '2026-05-15T09:00:12+00:00',
      },
    ],
  },
);

const SuppressionPage = Type.Object({
  data: Type.Array(SuppressionView),
  meta: Type.Object({ next: nullable(Type.String()) }),
});

export const SuppressionCounts = Type.Object(
  {
    added: Type.Integer(),
    known: Type.Integer(),
    invalid: Type.Integer(),
    invalid_examples: Type.Array(Type.String(), { description: 'At most five.' }),
  },
  { examples: [{ added: 842, known: 153, invalid: 5, invalid_examples: ['bad@', 'not-an-email'] }] },
);

export function suppressionView({
  email_key,
  reason,
  evidence,
  expires_at,
  created_at,
}: Suppression): Static<typeof SuppressionView> {
  const expires = expires_at === undefined ? null : timestamp(expires_at);
  return { email: email_key ?? null, reason, evidence, expires_at: expires, created_at: timestamp(created_at) };
}

const tags = ['Suppressions'];
const ONE = Data(SuppressionView);
const ReleaseSearch = Type.Object(
  {
    reactivate: Type.Optional(
      Type.Boolean({ description: 'Make subscribers active again after a hard bounce too, such as a mistaken one.' }),
    ),
  },
  closed,
);
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

function unsuppress(app: Api, { suppressions, subscribers }: Deps): void {
  app.delete(
    '/suppressions/:email',
    {
      schema: {
        tags,
        summary: 'Release an address; subscribers bounced by soft bounces are active again, complained ones never',
        description: 'Recorded in the audit trail, without the address.',
        params: EmailPath,
        querystring: ReleaseSearch,
        response: { 204: NoContent, ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const key = identity(request.params.email);
      const row = await suppressions.find(account, key);
      if (row === null) throw new Failure('not_found');
      const isSoft = row.expires_at !== undefined;
      if (isSoft || request.query.reactivate === true) await subscribers.release(account, key, 'api');
      await suppressions.remove(account, key);
      return reply.code(204).send(null);
    },
  );
}

function identity(email: string): string {
  const address = parseMailbox(email);
  if (address !== undefined) return address.identity;
  throw new Failure('validation_failed', { email: ['The email must be a valid email address.'] });
}

const MAX_EXAMPLES = 5;

/** Suppresses the addresses in batches and counts the results. A repeat of the whole call is safe. */
export async function suppressMany(
  { suppressions }: Pick<Deps, 'suppressions'>,
  account: number,
  batches: Iterable<readonly string[]> | AsyncIterable<readonly string[]>,
  reason: SuppressionReason,
) {
  const counts = { added: 0, known: 0, invalid: 0 };
  const examples: string[] = [];
  for await (const emails of batches) {
    const read = emails.map((email) => ({ email, key: parseMailbox(email)?.identity }));
    const invalid = read.filter(({ key }) => key === undefined).map(({ email }) => email);
    const keys = read.flatMap(({ key }) => key ?? []);
    const added = await suppressions.addMany(account, [...new Set(keys)], reason);
    counts.added += added;
    counts.known += keys.length - added;
    counts.invalid += invalid.length;
    examples.push(...invalid.slice(0, MAX_EXAMPLES - examples.length));
  }
  return { ...counts, invalid_examples: examples };
}
