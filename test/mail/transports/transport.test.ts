import { afterEach, describe, expect, test } from 'vitest';
import type { Outcome } from '../../../domain/delivery/outcome.js';
import type { HandOverOrder } from '../../../mail/smtp/hand-over.js';
import type { RecordDuration } from '../../../mail/smtp/settings.js';
import { smtpTransport, type Transport } from '../../../mail/transports/transport.js';
import { aMail } from '../../support/mail/letters.js';
import type { SmtpScript, Step } from '../../support/scripted/smtp-script.js';
import { type SmtpServer, smtpServer } from '../../support/scripted/smtp-server.js';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function server(script: SmtpScript = {}): Promise<SmtpServer> {
  const started = await smtpServer(script);
  open.push(started);
  return started;
}

function transport(
  url: string,
  over: { connections?: number; smtpCommand?: number; smtpDot?: number; took?: RecordDuration } = {},
): Transport {
  const { connections = 1, smtpCommand = 5_000, smtpDot = 5_000, took } = over;
  const made = smtpTransport({ url, connections, times: { smtpCommand, smtpDot }, recordDuration: took });
  open.push({ close: () => made.destroy() });
  return made;
}

const always: HandOverOrder = {
  mayBegin: () => true,
  get signal() {
    return new AbortController().signal;
  },
};

/** The script does something unusual at one step, on every try or only on the first. */
const at = (step: Step, act: string, onlyFirst = false): SmtpScript => ({
  on: (seen, _, nth) => (seen === step && (!onlyFirst || nth === 1) ? act : undefined),
});

type Expected = Outcome['kind'] | `refused ${number}`;
const short = (outcome: Outcome): Expected =>
  outcome.kind === 'refused' ? `refused ${outcome.reply.code}` : outcome.kind;

describe.each([
  ['pipelined', ['PIPELINING']],
  ['one command at a time', []],
])('%s', (_, extensions) => {
  test.each<[Step, string, Expected]>([
    ['connect', 'drop', 'not_handed_over'],
    ['connect', '554 5.7.1 go away', 'not_handed_over'],
    ['connect', '421 4.3.2 closing', 'not_handed_over'],
    ['ehlo', 'drop', 'not_handed_over'],
    ['mail', 'drop', 'not_handed_over'],
    ['mail', '451 4.3.0 later', 'refused 451'],
    ['mail', '550 5.7.1 not you', 'refused 550'],
    ['mail', '421 4.7.0 slow down', 'refused 421'],
    ['mail', '354 what', 'not_handed_over'],
    ['rcpt', 'drop', 'not_handed_over'],
    ['rcpt', '450 4.2.1 greylisted', 'refused 450'],
    ['rcpt', '550 5.1.1 no such user', 'refused 550'],
    ['rcpt', '421 4.7.0 slow down', 'refused 421'],
    ['data', 'drop', 'not_handed_over'],
    ['data', '451 4.3.0 later', 'refused 451'],
    ['data', '554 5.7.1 no', 'refused 554'],
    ['data', '421 4.3.2 closing', 'refused 421'],
    ['data', '250 fine', 'not_handed_over'],
    ['body', 'drop', 'uncertain'],
    ['dot', 'drop', 'uncertain'],
    ['dot', '451 4.3.0 later', 'refused 451'],
    ['dot', '554 5.7.1 spam', 'refused 554'],
    ['dot', '421 4.3.2 closing', 'refused 421'],
    ['dot', '354 what', 'uncertain'],
  ])('at %s "%s" → %s', async (step, act, expected) => {
    const smtp = await server({ ...at(step, act), extensions });
    expect(short(await transport(smtp.url).deliver(aMail(), always))).toBe(expected);
  });

  test.each<[Step, string]>([
    ['connect', 'drop'],
    ['mail', 'drop'],
    ['rcpt', 'drop'],
    ['data', 'drop'],
    ['data', '250 fine'],
  ])('at %s "%s", once: the mail is sent on another connection', async (step, act) => {
    const smtp = await server({ ...at(step, act, true), extensions });
    expect(short(await transport(smtp.url).deliver(aMail(), always))).toBe('accepted');
    expect(smtp.accepted).toHaveLength(1);
    expect(smtp.steps.connect).toBe(2);
  });

  test.each<[Step, string, number]>([
    ['mail', '550 5.7.1 not you', 1],
    ['rcpt', '550 5.1.1 no such user', 1],
    ['data', '451 4.3.0 later', 1],
    ['dot', '554 5.7.1 spam', 1],
    ['rcpt', '421 4.7.0 slow down', 2],
    ['dot', '421 4.3.2 closing', 2],
  ])('after "%s" %s the next mail is sent as a mail of its own', async (step, act, connections) => {
    const smtp = await server({ ...at(step, act, true), extensions });
    const sender = transport(smtp.url);
    expect((await sender.deliver(aMail(), always)).kind).toBe('refused');
    expect(short(await sender.deliver(aMail({ id: 43, email: 'bob@example.test' }), always))).toBe('accepted');
    expect(smtp.accepted.map(({ to }) => to)).toEqual([['bob@example.test']]);
    expect(smtp.steps.connect).toBe(connections);
  });

  test.each<[Step, boolean]>([
    ['mail', false],
    ['rcpt', false],
    ['data', true],
    ['dot', true],
  ])('a refusal at %s says whether the recipient was accepted before', async (step, isAfterRcpt) => {
    const smtp = await server({ ...at(step, '550 Unknown user'), extensions });
    const reply = { code: 550, text: 'Unknown user', ...(isAfterRcpt && { isAfterRcpt }) };
    expect(await transport(smtp.url).deliver(aMail(), always)).toEqual({ kind: 'refused', reply });
  });

  test('DATA answered 354 although RCPT was refused: a lone dot, and refused', async () => {
    const smtp = await server({
      extensions,
      on: (step, _, nth) =>
        nth > 1 ? undefined : { rcpt: '550 5.1.1 no such user', data: '354 go ahead' }[step as string],
    });
    const sender = transport(smtp.url);
    expect(short(await sender.deliver(aMail(), always))).toBe('refused 550');
    expect(short(await sender.deliver(aMail(), always))).toBe('accepted');
  });
});

test('a mail arrives as it was spliced, with one recipient', async () => {
  const smtp = await server();
  const mail = aMail();
  expect(await transport(smtp.url).deliver(mail, always)).toEqual({
    kind: 'accepted',
    reply: { code: 250, text: '2.0.0 accepted' },
  });
  expect(smtp.accepted[0]).toMatchObject({
    messageId: mail.messageId,
    from: 'news@example.test',
    to: ['ada@example.test'],
  });
  expect(smtp.accepted[0]?.raw?.equals(Buffer.concat(mail.chunks))).toBe(true);
});

test('no server: not handed over, and ready() returns the reason without an address', async () => {
  const smtp = await smtpServer();
  await smtp.close();
  const sender = transport(smtp.url);
  expect(await sender.deliver(aMail(), always)).toMatchObject({ kind: 'not_handed_over', why: { stage: 'connect' } });
  expect(await sender.ready()).toMatchObject({ stage: 'connect', what: expect.stringContaining('ECONNREFUSED') });
});

test('replies are stored without addresses', async () => {
  const smtp = await server(at('rcpt', '550-5.1.1 <ada@example.test>: no such\r\n550 5.1.1 user'));
  expect(await transport(smtp.url).deliver(aMail(), always)).toEqual({
    kind: 'refused',
    reply: { code: 550, text: '5.1.1 <…>: no such 5.1.1 user' },
  });
});

test.each<[Step, Expected]>([
  ['connect', 'not_handed_over'],
  ['mail', 'not_handed_over'],
  ['data', 'not_handed_over'],
  ['dot', 'uncertain'],
])('a server that is silent at %s times out', async (step, expected) => {
  const smtp = await server(at(step, 'silence'));
  const times = step === 'dot' ? { smtpDot: 150 } : { smtpCommand: 150 };
  expect(short(await transport(smtp.url, times).deliver(aMail(), always))).toBe(expected);
});

test('a slow server has the full time for each command', async () => {
  const slow: readonly Step[] = ['mail', 'rcpt', 'data'];
  const smtp = await server({
    extensions: [],
    on: (step) => (slow.includes(step) ? new Promise((resolve) => setTimeout(resolve, 400, undefined)) : undefined),
  });
  expect(short(await transport(smtp.url, { smtpCommand: 900 }).deliver(aMail(), always))).toBe('accepted');
});

test('durations are recorded for a connection, an accepted and a refused mail, not for unanswered steps', async () => {
  const smtp = await server({
    on: (step, _, nth) => (step === 'dot' ? [undefined, '554 5.7.1 spam', 'drop'][nth - 1] : undefined),
  });
  const timed: string[] = [];
  const took: RecordDuration = (step) => timed.push(step);
  const sender = transport(smtp.url, { took });
  const outcomes: Expected[] = [];
  for (let mails = 3; mails > 0; mails -= 1) outcomes.push(short(await sender.deliver(aMail(), always)));
  expect(outcomes).toEqual(['accepted', 'refused 554', 'uncertain']);
  expect(timed).toEqual(['connect', 'mail', 'mail']);
});
