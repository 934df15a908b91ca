import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { refusals } from '../../schema/envelope.js';
import type { Deps } from '../../wiring.js';
import { AuditPage, AuditSearch, auditView } from './schema.js';

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
