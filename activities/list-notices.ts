import type { Config } from '../config.js';
import { html } from '../domain/html.js';
import { chosenLanguage } from '../domain/language.js';
import { chosenSender } from '../mail/sender.js';
import { say } from '../mail/wording.js';
import { type Accounts, isActive } from '../store/accounts.js';
import type { ListNotices, WatchedList } from '../store/list-notices.js';
import type { PlacedEvent, River } from '../store/river.js';
import type { Subscribers } from '../store/subscribers.js';
import { suppressionId } from '../store/suppressions.js';
import { acceptNote, type NoteDeps } from './message/note.js';

export interface ListNoticeDeps extends NoteDeps {
  readonly listNotices: ListNotices;
  readonly river: Pick<River, 'flow' | 'next'>;
  readonly subscribers: Pick<Subscribers, 'find'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly config: Pick<Config, 'mailFrom'>;
  readonly log: { warn(details: object, message: string): void };
}

const JOINED = ['subscriber.created', 'subscriber.reactivated'];
const LEFT = ['subscriber.unsubscribed'];
const AT_ONCE = 200;

/** Mails the owner of a list about whoever came or left, where its notifications ask for that: each once, from then on. */
export async function tellListOwners(deps: ListNoticeDeps): Promise<void> {
  for await (const list of deps.listNotices.wanted()) {
    // One owner who cannot be told must not keep the others waiting.
    await lookAt(deps, list).catch((error) =>
      deps.log.warn({ list: list._id, error: String(error) }, 'the owner of a list was not told'),
    );
  }
}

async function lookAt(deps: ListNoticeDeps, list: WatchedList): Promise<void> {
  const head = await deps.river.flow(list.account);
  if (list.noticed === undefined) await deps.listNotices.told(list, head);
  else await tellOwner(deps, list, list.noticed);
}

async function tellOwner(deps: ListNoticeDeps, list: WatchedList, after: number): Promise<void> {
  const { found, upTo } = await deps.river.next(list.account, after, [...JOINED, ...LEFT], AT_ONCE);
  for (const event of found) {
    if (event.data?.['list_id'] === list._id) await tellOf(deps, list, event);
  }
  if (upTo > after) await deps.listNotices.told(list, upTo);
}

async function tellOf(deps: ListNoticeDeps, list: WatchedList, event: PlacedEvent): Promise<void> {
  const { account, notifications } = list;
  const joined = JOINED.includes(event.type);
  const wanted = joined ? notifications.subscribe : notifications.unsubscribe;
  const to = joined ? notifications.subscribe_to : notifications.unsubscribe_to;
  const person = await deps.subscribers.find(account, event.subscriber ?? 0);
  if (!wanted || to === null || typeof person === 'string') return;
  const owner = await deps.accounts.find(account);
  if (!isActive(owner)) return;
  const language = chosenLanguage({ list: list.language ?? owner?.brand?.language });
  const sentence = joined ? 'notice_joined' : 'notice_left';
  const text = say(language, sentence, { address: person.email, list: list.name });
  await acceptNote(deps, {
    account,
    key: `notice ${list._id} ${event.evt}`,
    from: chosenSender({ campaign: null, list: null, lastResort: owner?.mail_from ?? deps.config.mailFrom }),
    reply_to: null,
    to: { email: to, name: null },
    subject: text,
    html: html`<p>${text}</p>`.markup,
    text,
    tags: ['notification'],
    about: suppressionId(account, person.email_key),
  });
}
