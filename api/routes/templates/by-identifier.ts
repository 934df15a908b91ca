import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import type { Deps } from '../../wiring.js';

/** Accepts the identifier of a template wherever a path names its id. */
export function acceptIdentifiers(app: Api, { templates }: Pick<Deps, 'templates'>): void {
  app.addHook('preValidation', async (request) => {
    if (!/^\/api\/v1\/templates\/:id(\/|$)/.test(request.routeOptions.url ?? '')) return;
    const params = request.params as { id: string };
    if (/^\d+$/.test(params.id)) return;
    const row = await templates.findByIdentifier(accountOf(request), params.id);
    if (row !== null) params.id = String(row._id);
  });
}
