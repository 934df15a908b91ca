import type { Api } from '../app.js';
import { accountOf } from '../auth.js';
import type { Deps } from '../deps.js';
import { AuditPage, AuditSearch, auditView } from '../schemas/audit.js';
import { refusals } from '../schemas/envelope.js';

export function auditTrail(app: Api, { audit }: Pick<Deps, 'audit'>): void {
  app.get(
    '/audit',
    {
      schema: {
        tags: ['Keys'],
        summary: 'List changes of keys and of the account, the newest first',
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
