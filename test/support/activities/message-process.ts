import { messageGroupActivities } from '../../../activities/message/group.js';
import { type MessageDeliveryDeps, messageActivities } from '../../../activities/message/message.js';
import type { Outcome } from '../../../domain/delivery/outcome.js';
import { type ProtocolTimes, shrunkTimes } from '../../../domain/delivery/protocol.js';
import type { SplicedMail } from '../../../mail/letter/letter.js';
import { events } from '../../../store/events/events.js';
import { messages } from '../../../store/messages/messages.js';
import { messageProgress } from '../../../store/messages/progress.js';
import type { Message } from '../../../store/messages/row.js';
import type { Store } from '../../../store/mongo/connect.js';
import { tokenOf } from '../../../store/mongo/lease.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { optOuts } from '../../../store/suppressions/opt-outs.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';

/** A lease that does not expire on a busy machine; no test waits for its end. */
export const TIMES: ProtocolTimes = { ...shrunkTimes(0.05), lease: 60_000, renewEvery: 100 };

/** When a transport that is down is tried again. */
export const UNTIL = '2126-05-15T09:00:12.000Z';

export const ACCEPTED: Outcome = { kind: 'accepted', reply: { code: 250, text: 'ok' } };

/** Input of a step. */
export const input = ({ _id, account }: Message) => ({ account, message: _id });

/** A mail server that answers when the test calls `answer`. */
export function slowServer() {
  const open: ((outcome: Outcome) => void)[] = [];
  const handed: string[] = [];
  let most = 0;
  const connections = { open: () => 1, onOpened: () => undefined };
  return {
    open,
    handed,
    most: () => most,
    transport: {
      pool: () => connections,
      ready: async () => undefined,
      pay: async () => 'default',
      retryAt: () => new Date(UNTIL),
      deliver: (mail: SplicedMail) => {
        handed.push(mail.messageId);
        return new Promise<Outcome>((resolve) => {
          open.push(resolve);
          most = Math.max(most, open.length);
        });
      },
    },
    answer: (outcome: Outcome) => {
      for (const resolve of open.splice(0)) resolve(outcome);
    },
  };
}

/** The steps of a message in one process, with a mail server that answers when the test calls `answer`. */
export function aProcess(store: Store, over: Partial<MessageDeliveryDeps> = {}) {
  const server = slowServer();
  const steps = messageActivities({
    messages: messages(store),
    messageProgress: messageProgress(store, TIMES.lease),
    suppressions: suppressions(store),
    optOuts: optOuts(store),
    subscribers: subscribers(store),
    events: events(store),
    messageMail: async ({ _id }) => {
      return { kind: 'mail', envelope: { from: 'a@b.test', to: 'c@d.test' }, messageId: _id, chunks: [] };
    },
    transportsFor: () => server.transport,
    newToken: () => tokenOf('this process'),
    times: TIMES,
    stopping: new AbortController().signal,
    drained: new AbortController().signal,
    heartbeat: () => undefined,
    ...over,
  });
  return { server, steps };
}

/** The same with the steps of groups, and the ids of the messages that got workflows of their own. */
export function aGroupProcess(store: Store, over: Partial<MessageDeliveryDeps> = {}) {
  const one = aProcess(store, over);
  const started: string[] = [];
  const group = messageGroupActivities({
    messageSteps: one.steps,
    messages: messages(store),
    engine: { startMessage: async ({ _id }) => void started.push(_id) },
    times: { ...TIMES, attempt: 20_000 },
    stopping: over.stopping ?? new AbortController().signal,
    heartbeat: () => undefined,
    log: { warn: () => undefined },
  });
  return { ...one, group, started };
}
