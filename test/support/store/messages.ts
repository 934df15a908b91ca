import { v7 } from 'uuid';
import { now } from '../../../clock.js';
import type { MessageContent } from '../../../domain/message/message.js';
import { contents } from '../../../store/messages/contents.js';
import type { Message } from '../../../store/messages/row.js';
import { majorityCollection, type Store } from '../../../store/mongo/connect.js';
import { NEVER_SEEN } from '../../../store/mongo/lease.js';

const HOUR = 3_600_000;
let numbers = 0;

/** A message as the API accepts it, to an address of its own. */
export function aMessage(over: Partial<Message> = {}): Message {
  numbers += 1;
  const at = now();
  const _id = over._id ?? v7();
  const email = `reader${numbers}@example.test`;
  return {
    _id,
    number: numbers,
    account: 7,
    group: _id,
    role: 'to',
    to: { email, name: null },
    to_key: email,
    from_domain: 'example.test',
    content: 'nothing',
    subject: 'Your code',
    tags: [],
    metadata: {},
    track: false,
    resend_if_uncertain: false,
    hash: `hash of ${_id}`,
    state: 'accepted',
    attempt: 0,
    attempts: [],
    token: null,
    seen: NEVER_SEEN,
    due: at,
    expires_at: new Date(at.getTime() + HOUR),
    resent: false,
    created_at: at,
    updated_at: at,
    sweep_at: at,
    ...over,
  };
}

function someContent(over: Partial<MessageContent> = {}): MessageContent {
  return {
    from: { email: 'codes@example.test', name: 'Codes' },
    reply_to: null,
    to: { email: 'reader@example.test', name: null },
    cc: [],
    subject: 'Your code',
    preheader: null,
    html: '<p>Your code is 123456</p>',
    text: null,
    headers: {},
    attachments: [],
    ...over,
  };
}

/** A message that says something, in the store. */
export async function anAcceptedMessage(store: Store, over: Partial<Message> = {}): Promise<Message> {
  const row = aMessage(over);
  const content = await contents(store).save(row.account, someContent({ to: row.to }));
  const accepted = { ...row, content };
  await majorityCollection<Message>(store, 'messages').insertOne(accepted);
  return accepted;
}
