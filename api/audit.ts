import type { FastifyRequest } from 'fastify';
import { auditedAction } from '../domain/audit.js';
import type { Api } from './app.js';
import { principalOf } from './auth.js';
import type { Deps } from './deps.js';

interface Begun {
  readonly account: number;
  readonly id: number;
  readonly action: string;
  readonly named: readonly string[];
}

const begun = new WeakMap<FastifyRequest, Begun>();

/**
 * Writes down every change of keys and accounts: before it is done, once the request is known to be valid and no repeat, so
 * that none goes unwritten however the process ends. What was refused is struck out again.
 */
export function writeDown(app: Api, { audit }: Pick<Deps, 'audit'>): void {
  app.addHook('preHandler', async (request) => {
    const action = auditedAction(request.method, (request.routeOptions.url ?? '').replace(/^\/api\/v1/, ''));
    if (action === undefined) return;
    const { account, owner, key } = principalOf(request);
    const named = Object.values({ ...(request.params as Record<string, number | string> | null) }).map(String);
    const entry = {
      action,
      by: { kind: 'key' as const, key, account: owner },
      address: request.ip,
      target: named.length === 0 ? null : named.join('/'),
      fields: fieldsOf(request.body),
    };
    begun.set(request, { account, id: await audit.begin(account, entry), action, named });
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const entry = begun.get(request);
    if (entry === undefined) return;
    begun.delete(request);
    const { account, id } = entry;
    const { statusCode } = reply;
    // What was done is done: losing the note must not turn the answer into a failure.
    const noting = async () => {
      if (statusCode < 400) await audit.done(account, id, madeBy(entry, payload));
      else if (statusCode < 500) await audit.drop(account, id);
    };
    await noting().catch((error: unknown) => request.log.error({ err: error }, 'an entry of the audit stays in doubt'));
  });
}

function fieldsOf(body: unknown): string[] {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? Object.keys(body).slice(0, 50) : [];
}

/** The id of what was made, behind the ids of what it belongs to. */
function madeBy({ action, named }: Begun, payload: unknown): string | null {
  if (!action.endsWith('.create') || typeof payload !== 'string') return null;
  const { data } = JSON.parse(payload) as { readonly data?: { readonly id?: number | string } };
  return data?.id === undefined ? null : [...named, data.id].join('/');
}
