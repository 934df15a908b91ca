import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Message } from '../../../store/messages/row.js';
import { type MessageEverpost, messageEverpost } from '../../support/everpost/message-everpost.js';
import type { Step } from '../../support/scripted/smtp-script.js';

let everpost: MessageEverpost;
/** The step at which the receiver drops the connection, and how many more times. */
let breaks: { at: Step; left: number } = { at: 'quit', left: 0 };

beforeAll(async () => {
  everpost = await messageEverpost({
    on: (step) => {
      if (step !== breaks.at || breaks.left === 0) return undefined;
      breaks.left -= 1;
      return 'drop';
    },
  });
});
afterAll(() => everpost?.close());

const arrivals = ({ to }: Message) => everpost.receiver.accepted.filter((mail) => mail.to.includes(to.email));

/** The final state of a message whose connection is dropped at a step, this many times. */
async function broken(at: Step, left: number, over: Partial<Message> = {}): Promise<{ row: Message; state: string }> {
  breaks = { at, left };
  const message = await everpost.send(over);
  const state = await everpost.result(message);
  expect(breaks.left).toBe(0);
  return { row: await everpost.row(message), state };
}

test.each<Step>(['connect', 'mail', 'rcpt', 'data'])(
  'a connection dropped at %s has transferred no mail: the message is still sent once',
  async (at) => {
    const { row, state } = await broken(at, 2);
    expect(state).toBe('sent');
    expect(arrivals(row)).toHaveLength(1);
    expect(row.attempts.filter(({ outcome }) => outcome === 'uncertain')).toEqual([]);
  },
);

/** The receiver accepts the mail whose dot it does not answer: an uncertain mail may have arrived. */
const taken = (at: Step) => (at === 'dot' ? 1 : 0);

test.each<Step>(['body', 'dot'])(
  'one dropped at the %s makes the message uncertain, and it is not sent again',
  async (at) => {
    const { row, state } = await broken(at, 1);
    expect(state).toBe('uncertain');
    expect(row.attempts).toMatchObject([{ n: 1, outcome: 'uncertain', next: null }]);
    expect(arrivals(row)).toHaveLength(taken(at));
  },
);

test.each<Step>(['body', 'dot'])('one dropped at the %s is sent once more if resending is enabled', async (at) => {
  const { row, state } = await broken(at, 1, { resend_if_uncertain: true });
  expect(state).toBe('sent');
  expect(row.attempts).toMatchObject([
    { n: 1, outcome: 'uncertain' },
    { n: 2, outcome: 'sent' },
  ]);
  expect(arrivals(row)).toHaveLength(taken(at) + 1);
});
