/** Resources whose changes are recorded: access, identity, transports and webhooks. */
const AUDITED = ['keys', 'account', 'agency', 'domains', 'transports', 'webhooks', 'providers', 'fields'];

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
  if (action === undefined || !AUDITED.includes(parts[0] ?? '')) return undefined;
  const words = parts.filter((part) => !part.startsWith(':'));
  const last = words.at(-1) ?? '';
  if (WITHOUT_EFFECT.includes(last)) return undefined;
  // A word after an id is a verb, unless it is a noun: POST /keys/:id/rotate, POST /agency/clients/:id/keys.
  const isBehindId = words.length > 1 && parts.at(-2)?.startsWith(':') === true;
  const isVerb = method === 'POST' && isBehindId && !AUDITED.includes(last);
  return isVerb ? words.join('.') : [...words, action].join('.');
}
