import type { Config } from '../../config.js';
import { html } from '../../domain/html.js';
import { preferredLanguage } from '../../domain/language.js';
import { translate } from '../../mail/translate.js';
import { acceptSystemMail } from '../../services/accept-system-mail.js';
import type { GroupStores } from '../../services/message/message-group.js';
import { accountSender } from '../../services/sender.js';
import { type Accounts, isActive } from '../../store/accounts/accounts.js';
import type { EventLog } from '../../store/events/event-log.js';
import type { SequencedEvent } from '../../store/events/events.js';
import type { ListNotices, NotifyingList } from '../../store/lists/notices.js';
import type { Subscribers } from '../../store/subscribers/subscribers.js';
import { suppressionId } from '../../store/suppressions/suppression-id.js';

export interface ListNoticeDeps extends GroupStores {
  readonly listNotices: ListNotices;
  readonly eventLog: Pick<EventLog, 'assignSequences' | 'next'>;
  readonly subscribers: Pick<Subscribers, 'find'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly config: Pick<Config, 'mailFrom'>;
  readonly log: { warn(details: object, message: string): void };
}

const JOINED = ['subscriber.created', 'subscriber.reactivated'];
const LEFT = ['subscriber.unsubscribed'];
const BATCH_SIZE = 200;

/**
 * Mails the owner of a list about each new and each unsubscribed person, if the list asks for it: each event once, from
 * the time the notification was turned on.
 */
export async function notifyListOwners(deps: ListNoticeDeps): Promise<void> {
  for await (const list of deps.listNotices.withNotifications()) {
    // A failed notice must not delay the notices of other lists.
    await checkList(deps, list).catch((error) =>
      deps.log.warn(
        { list: list._id, error: String(error) },
        'the owner of a list was not notified; the next pass of the sweep tries again',
      ),
    );
  }
}

async function checkList(deps: ListNoticeDeps, list: NotifyingList): Promise<void> {
  const head = await deps.eventLog.assignSequences(list.account);
  if (list.notified_seq === undefined) await deps.listNotices.recordNotified(list, head);
  else await notifyOwner(deps, list, list.notified_seq);
}

async function notifyOwner(deps: ListNoticeDeps, list: NotifyingList, after: number): Promise<void> {
  const { found, upTo } = await deps.eventLog.next(list.account, after, [...JOINED, ...LEFT], BATCH_SIZE);
  for (const event of found) {
    if (event.data?.['list_id'] === list._id) await notifyOfEvent(deps, list, event);
  }
  if (upTo > after) await deps.listNotices.recordNotified(list, upTo);
}

async function notifyOfEvent(deps: ListNoticeDeps, list: NotifyingList, event: SequencedEvent): Promise<void> {
  const { account, notifications, notice_starts: starts = {} } = list;
  const joined = JOINED.includes(event.type);
  if (event.seq <= ((joined ? starts.subscribe : starts.unsubscribe) ?? 0)) return;
  const wanted = joined ? notifications.subscribe : notifications.unsubscribe;
  const to = joined ? notifications.subscribe_to : notifications.unsubscribe_to;
  const subscriber = await deps.subscribers.find(account, event.subscriber ?? 0);
  if (!wanted || to === null || typeof subscriber === 'string') return;
  const owner = await deps.accounts.find(account);
  if (!isActive(owner)) return;
  const language = preferredLanguage({ list: list.language ?? owner?.brand?.language });
  const sentence = joined ? 'notice_joined' : 'notice_left';
  const text = translate(language, sentence, { address: subscriber.email, list: list.name });
  await acceptSystemMail(deps, {
    account,
    key: `notice ${list._id} ${event.public_id}`,
    from: await accountSender(deps, account),
    reply_to: null,
    to: { email: to, name: null },
    subject: text,
    html: html`<p>${text}</p>`.markup,
    text,
    tags: ['notification'],
    due: event.at,
    about: suppressionId(account, subscriber.email_key),
  });
}
