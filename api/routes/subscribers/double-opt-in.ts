import { Failure } from '../../../domain/errors.js';
import { FALLBACK_LANGUAGE, LANGUAGES } from '../../../domain/language.js';
import type { SubscriberRequest } from '../../../domain/subscriber/subscriber.js';
import { merged, NO_FIELDS, tooLarge } from '../../../domain/subscriber/subscriber.js';
import type { List } from '../../../store/lists/lists.js';
import type { SubscribeResult } from '../../../store/subscribers/changes.js';
import type { Deps } from '../../wiring.js';

/** Adds a subscriber as `pending` and sends the confirmation mail. Subscribers who need no confirmation stay unchanged. */
export async function requestConfirmation(deps: Deps, list: List, fields: SubscriberRequest): Promise<SubscribeResult> {
  const field = tooLarge(merged(NO_FIELDS, fields));
  if (field !== undefined) return { kind: 'too_large', field };
  const { account, _id: list_id } = list;
  const language = LANGUAGES.find((known) => known === list.language) ?? FALLBACK_LANGUAGE;
  const request = { account, list_id, requested: fields, language, source: 'api', ip: null, visitor: null } as const;
  const row = await deps.confirmations.open(account, (await deps.confirmations.add(request))._id);
  if (row?.state === 'open') deps.engine.notifyConfirmation(row);
  if (row?.reason === 'over_cap') throw new Failure('subscriber_limit_reached');
  const rows = await deps.subscribers.onEveryList(account, fields.email_key);
  const subscriber = rows.find((person) => person.list_id === list_id);
  if (subscriber === undefined) throw new Failure('recipient_suppressed');
  return { kind: row?.state === 'open' && row.new_subscriber ? 'created' : 'unchanged', subscriber };
}
