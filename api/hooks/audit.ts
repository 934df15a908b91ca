import type { FastifyRequest } from 'fastify';
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
      target: action === RELEASE ? null : targetIds.join('/') || null,
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
    await finish().catch((error: unknown) =>
      request.log.error(
        { err: error },
        'an audit entry was not completed; the change itself is done, and the entry stays open',
      ),
    );
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

/** Resources whose changes are recorded: access, identity, transports and webhooks. */
const AUDITED = ['keys', 'account', 'agency', 'domains', 'transports', 'webhooks', 'providers', 'fields'];

/** The release of an address; the entry does not contain the address. */
const RELEASE = 'suppressions.remove';

/** Actions that change nothing. */
const WITHOUT_EFFECT = ['test', 'replay', 'verify', 'preview'];

const ACTIONS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'replace', PATCH: 'change', DELETE: 'remove' };

/**
 * The action of a request, such as `keys.rotate` or `account.members.create`; undefined where it is not recorded. `url` is the
 * route as registered, without `/api/v1`.
 */
export function auditedAction(method: string, url: string): string | undefined {
  const action = ACTIONS[method];
  const parts = url.split('/').filter(Boolean);
  if (action === undefined) return undefined;
  const isRelease = method === 'DELETE' && parts[0] === 'suppressions';
  if (!isRelease && !AUDITED.includes(parts[0] ?? '')) return undefined;
  const words = parts.filter((part) => !part.startsWith(':'));
  const last = words.at(-1) ?? '';
  if (WITHOUT_EFFECT.includes(last)) return undefined;
  // A word after an id is a verb, unless it is a noun: POST /keys/:id/rotate, POST /agency/clients/:id/keys.
  const isBehindId = words.length > 1 && parts.at(-2)?.startsWith(':') === true;
  const isVerb = method === 'POST' && isBehindId && !AUDITED.includes(last);
  return isVerb ? words.join('.') : [...words, action].join('.');
}
