import { type Static, Type } from 'typebox';
import type { AuditEntry } from '../../store/accounts/audit.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { refusals } from '../schema/envelope.js';
import { closed, Id, nullable, Timestamp } from '../schema/fields.js';
import { timestamp } from '../timestamp.js';
import type { Deps } from '../wiring.js';

export function auditTrail(app: Api, { audit }: Pick<Deps, 'audit'>): void {
  app.get(
    '/audit',
    {
      schema: {
        tags: ['Keys'],
        summary: 'List changes of keys and of the account, newest first',
        querystring: AuditSearch,
        response: { 200: AuditPage, ...refusals },
      },
    },
    async (request) => {
      const { key_id: key, limit, ...query } = request.query;
      const found = await audit.page(accountOf(request), { ...query, key, limit: limit + 1 });
      const shown = found.slice(0, limit);
      const next = found.length > limit ? (shown.at(-1)?._id ?? null) : null;
      return { data: shown.map(auditView), meta: { next } };
    },
  );
}

const AuditSearch = Type.Object(
  {
    action: Type.Optional(Type.String({ maxLength: 64, examples: ['keys.rotate'] })),
    key_id: Type.Optional(Id),
    after: Type.Optional(Type.Integer({ minimum: 1, description: '`meta.next` of the previous page.' })),
    limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
  },
  closed,
);

const By = Type.Object({
  kind: Type.Enum(['key', 'cli']),
  key_id: nullable(Id),
  account_id: nullable(Type.Integer({ description: 'Account of the key: an agency acts for its clients.' })),
});

const AuditView = Type.Object(
  {
    id: Id,
    at: Timestamp,
    action: Type.String(),
    target: nullable(Type.String({ description: 'Id of the changed resource; `client/key` for a key of a client.' })),
    fields: Type.Array(Type.String(), { description: 'Names of the fields in the request, never their values.' }),
    by: By,
    address: nullable(Type.String()),
    outcome: Type.Enum(['done', 'in_doubt'], {
      description: '`in_doubt`: the change was started and its outcome is unknown.',
    }),
  },
  {
    examples: [
      {
        id: 12,
        at: '2026-01-12T10:14:23+00:00',
        action: 'keys.rotate',
        target: '3',
        fields: ['overlap_hours'],
        by: { kind: 'key', key_id: 2, account_id: 1 },
        address: '203.0.113.9',
        outcome: 'done',
      },
    ],
  },
);

const AuditPage = Type.Object({
  data: Type.Array(AuditView),
  meta: Type.Object({ next: nullable(Type.Integer()) }),
});

function auditView({ _id: id, at, action, target, fields, by, address, outcome }: AuditEntry) {
  const actor = by.kind === 'key' ? { key_id: by.key, account_id: by.account } : { key_id: null, account_id: null };
  const view: Static<typeof AuditView> = {
    id,
    at: timestamp(at),
    action,
    target,
    fields: [...fields],
    by: { kind: by.kind, ...actor },
    address,
    outcome,
  };
  return view;
}
