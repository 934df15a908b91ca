/** Nouns whose changes are written down: who may do what, under which name, and how mail leaves and is told of. */
const AUDITED = ['keys', 'account', 'agency', 'domains', 'transports', 'webhooks', 'providers', 'fields'];

/** They change nothing. */
const WITHOUT_EFFECT = ['test', 'replay', 'verify', 'preview'];

const ACTIONS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'replace', PATCH: 'change', DELETE: 'remove' };

/**
 * What a request does, as `keys.rotate` or `account.members.create`; undefined where it is nothing that is written down. `url` is
 * the route as registered, without `/api/v1`.
 */
export function auditedAction(method: string, url: string): string | undefined {
  const action = ACTIONS[method];
  const parts = url.split('/').filter(Boolean);
  if (action === undefined || !AUDITED.includes(parts[0] ?? '')) return undefined;
  const words = parts.filter((part) => !part.startsWith(':'));
  const last = words.at(-1) ?? '';
  if (WITHOUT_EFFECT.includes(last)) return undefined;
  // A word behind an id is a verb, unless it is a noun: POST /keys/:id/rotate, POST /agency/clients/:id/keys.
  const isBehindId = words.length > 1 && parts.at(-2)?.startsWith(':') === true;
  const isVerb = method === 'POST' && isBehindId && !AUDITED.includes(last);
  return isVerb ? words.join('.') : [...words, action].join('.');
}
