import { Failure } from '../domain/errors.js';
import { FALLBACK_LANGUAGE, LANGUAGES } from '../domain/language.js';
import { merged, NOBODY, tooLarge } from '../domain/subscriber.js';
import type { List } from '../store/lists.js';
import type { SubscriberWish } from '../store/subscriber-batches.js';
import type { Joined } from '../store/subscriber-changes.js';
import type { Deps } from './deps.js';

/** Puts somebody on a list as `pending` and has them asked by mail; whoever needs no asking stays as they are. */
export async function askFirst(deps: Deps, list: List, wish: SubscriberWish): Promise<Joined> {
  const field = tooLarge(merged(NOBODY, wish));
  if (field !== undefined) return { kind: 'too_large', field };
  const { account, _id: list_id } = list;
  const language = LANGUAGES.find((known) => known === list.language) ?? FALLBACK_LANGUAGE;
  const request = { account, list_id, wish, language, source: 'api', ip: null, visitor: null } as const;
  const row = await deps.confirmations.open(account, (await deps.confirmations.ask(request))._id);
  if (row?.state === 'open') deps.engine.wakeConfirmation(row);
  if (row?.reason === 'over_cap') throw new Failure('subscriber_limit_reached');
  const everywhere = await deps.subscribers.everywhere(account, wish.email_key);
  const subscriber = everywhere.find((person) => person.list_id === list_id);
  if (subscriber === undefined) throw new Failure('recipient_suppressed');
  return { kind: row?.state === 'open' && row.fresh ? 'created' : 'unchanged', subscriber };
}
