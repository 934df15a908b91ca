import { type EventKind, reported, VISIT, visit } from './event-kind.js';

const PUBLISHING = 'activities/message/publishing.ts';
const ATTEMPT = 'message, attempt, class, code, reply, next';

const message = (type: string, when: string, over: Partial<EventKind> = {}): EventKind => ({
  type: `message.${type}`,
  when,
  id: `message:<message>:${type}`,
  data: 'message',
  by: PUBLISHING,
  ...over,
});
const attempt = (type: string, when: string): EventKind =>
  message(type, when, { id: 'message:<message>:<entry of its timeline>', data: ATTEMPT });

export const MESSAGE_EVENTS: readonly EventKind[] = [
  message('accepted', 'a transactional message was accepted: it waits for its send time, or its first attempt begins', {
    data: 'message, group, role',
  }),
  attempt('sent', 'the mail server accepted it'),
  attempt('delayed', 'it was refused temporarily, or never handed over: it is tried again at `next`'),
  attempt('held', 'it was refused temporarily because a block list names our server: it is tried again at `next`'),
  attempt('failed', 'it was refused permanently, expired, was suppressed or could not be rendered'),
  attempt('uncertain', 'it is not known whether it arrived; with `next` it is sent once more then'),
  message('cancelled', 'it was cancelled before it was sent'),
  message('unsubscribed', 'its recipient opted out of the mails of the API key it was sent with', {
    data: 'message, key',
    by: 'api/public/key-opt-out.ts',
  }),
  visit(
    'message.opened',
    'its tracking pixel was fetched',
    'message:<message>:opened:pixel:<rule or person>:<second>',
    `message, ${VISIT}, ip (the network), user_agent, token`,
  ),
  visit(
    'message.clicked',
    'one of its links was followed',
    'message:<message>:clicked:<link>:<rule or person>:<second>',
    `message, ${VISIT}, link, url, ip (the network), user_agent, token`,
  ),
  reported('message.bounced', 'it bounced after it had been accepted', 'message, class, code, reply, hard'),
  reported('message.complained', 'the recipient reported it as spam', 'message, detail'),
];
