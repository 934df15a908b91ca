import type { FastifyRequest } from 'fastify';
import { auditedAction } from '../../domain/account/audit.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import { principalOf } from './auth.js';

interface PendingEntry {
  readonly account: number;
  readonly id: number;
  readonly action: string;
  readonly targetIds: readonly string[];
}

const pendingEntries = new WeakMap<FastifyRequest, PendingEntry>();

/**
 * Records every change of keys and accounts before it is made, once the request is valid and not a repeat, so that a crash
 * leaves no change unrecorded. The entry of a refused request is deleted again.
 */
export function auditChanges(app: Api, { audit }: Pick<Deps, 'audit'>): void {
  app.addHook('preHandler', async (request) => {
    const action = auditedAction(request.method, (request.routeOptions.url ?? '').replace(/^\/api\/v1/, ''));
    if (action === undefined) return;
    const { account, owner, key } = principalOf(request);
    const targetIds = Object.values({ ...(request.params as Record<string, number | string> | null) }).map(String);
    const entry = {
      action,
      by: { kind: 'key' as const, key, account: owner },
      address: request.ip,
      target: targetIds.length === 0 ? null : targetIds.join('/'),
      fields: fieldsOf(request.body),
    };
    pendingEntries.set(request, { account, id: await audit.begin(account, entry), action, targetIds });
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const entry = pendingEntries.get(request);
    if (entry === undefined) return;
    pendingEntries.delete(request);
    const { account, id } = entry;
    const { statusCode } = reply;
    // The change is made: a failed write of the entry must not turn the response into a failure.
    const finish = async () => {
      if (statusCode < 400) await audit.done(account, id, createdId(entry, payload));
      else if (statusCode < 500) await audit.drop(account, id);
    };
    await finish().catch((error: unknown) => request.log.error({ err: error }, 'an audit entry could not be settled'));
  });
}

function fieldsOf(body: unknown): string[] {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? Object.keys(body).slice(0, 50) : [];
}

/** The id of the created row, prefixed with the ids of its parents. */
function createdId({ action, targetIds }: PendingEntry, payload: unknown): string | null {
  if (!action.endsWith('.create') || typeof payload !== 'string') return null;
  const { data } = JSON.parse(payload) as { readonly data?: { readonly id?: number | string } };
  return data?.id === undefined ? null : [...targetIds, data.id].join('/');
}
