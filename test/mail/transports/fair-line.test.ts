import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fairLine } from '../../../mail/smtp/queue/fair-line.js';
import { smtpTransport } from '../../../mail/transports/transport.js';
import { aMail } from '../../support/mail/letters.js';
import { smtpServer } from '../../support/scripted/smtp-server.js';

interface Item {
  readonly account: number;
  readonly campaign: number;
  readonly n: number;
}

const anItem = fc.record({
  account: fc.integer({ min: 1, max: 4 }),
  campaign: fc.integer({ min: 1, max: 3 }),
  n: fc.nat(),
});
const any = () => true;

function drained(items: readonly Item[]): Item[] {
  const line = fairLine<Item>((item) => item);
  for (const item of items) line.add(item);
  const taken: Item[] = [];
  for (let item = line.take(any); item !== undefined; item = line.take(any)) taken.push(item);
  expect(line.length()).toBe(0);
  return taken;
}

test('each item is taken once, and those of a campaign in their order', () => {
  fc.assert(
    fc.property(fc.array(anItem, { maxLength: 60 }), (items) => {
      const taken = drained(items);
      const of = (list: readonly Item[], { account, campaign }: Item) =>
        list.filter((item) => item.account === account && item.campaign === campaign);
      expect(taken).toHaveLength(items.length);
      for (const item of items) expect(of(taken, item)).toEqual(of(items, item));
    }),
  );
});

test('between two mails of one account every other waiting account has one, and so have campaigns of an account', () => {
  fc.assert(
    fc.property(fc.array(anItem, { maxLength: 60 }), (items) => {
      const taken = drained(items);
      for (const [at, item] of taken.entries()) {
        const left = taken.slice(at + 1);
        const next = left.findIndex(({ account }) => account === item.account);
        if (next < 0) continue;
        const waiting = new Set(left.map(({ account }) => account)).size - 1;
        const served = new Set(left.slice(0, next).map(({ account }) => account)).size;
        expect(served).toBe(waiting);
      }
      for (const account of [1, 2, 3, 4]) {
        const own = taken.filter((item) => item.account === account);
        const most = new Set(own.map(({ campaign }) => campaign)).size;
        expect(new Set(own.slice(0, most).map(({ campaign }) => campaign)).size).toBe(most);
      }
    }),
  );
});

test('an item that does not fit is passed over, and its account keeps its turn', () => {
  const line = fairLine<Item>((item) => item);
  for (const account of [1, 2, 1]) line.add({ account, campaign: 1, n: account });
  expect(line.take(({ account }) => account === 2)?.account).toBe(2);
  expect([line.take(any)?.account, line.take(any)?.account, line.take(any)]).toEqual([1, 1, undefined]);
});

test('on one connection, mails of a second account are not sent behind all mails of the first', async () => {
  const smtp = await smtpServer({ extensions: ['PIPELINING'] });
  const sender = smtpTransport({ url: smtp.url, connections: 1, times: { smtpCommand: 5_000, smtpDot: 5_000 } });
  const { signal } = new AbortController();
  const send = (account: number, campaign: number, n: number) => {
    const mail = aMail();
    const envelope = { ...mail.envelope, from: `${account}.${campaign}.${n}@example.test` };
    return sender.deliver({ ...mail, envelope }, { mayBegin: any, signal, share: { account, campaign } });
  };
  const mails = [1, 2, 3, 4].flatMap((n) => [send(1, 1, n), send(1, 2, n)]);
  await Promise.all([...mails, send(2, 3, 1), send(2, 3, 2)]);
  expect(smtp.accepted.map(({ from }) => from.slice(0, 3))).toEqual([
    '1.1',
    '2.3',
    '1.2',
    '2.3',
    '1.1',
    '1.2',
    '1.1',
    '1.2',
    '1.1',
    '1.2',
  ]);
  sender.destroy();
  await smtp.close();
});
