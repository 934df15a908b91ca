import { afterEach, describe, expect, test } from 'vitest';
import type { HandOverOrder } from '../../../mail/smtp/hand-over.js';
import { smtpTransport, type Transport } from '../../../mail/transports/transport.js';
import { aMail } from '../../support/mail/letters.js';
import type { SmtpScript } from '../../support/scripted/smtp-script.js';
import { type SmtpServer, smtpServer } from '../../support/scripted/smtp-server.js';
import { quietPort } from '../../support/servers/quiet-port.js';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function started(script: SmtpScript = {}, connections = 1): Promise<[SmtpServer, Transport]> {
  const smtp = await smtpServer(script);
  const sender = smtpTransport({ url: smtp.url, connections, times: { smtpCommand: 5_000, smtpDot: 5_000 } });
  open.push(smtp, { close: () => sender.destroy() });
  return [smtp, sender];
}

const always: HandOverOrder = {
  mayBegin: () => true,
  get signal() {
    return new AbortController().signal;
  },
};
const allowedTimes = (times: number): HandOverOrder => {
  let left = times;
  return { ...always, mayBegin: () => left-- > 0 };
};
/** More than the buffers of a kernel between two sockets. */
const bigMail = () => ({
  ...aMail(),
  chunks: [Buffer.from(`Subject: big\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(80_000)}`)],
});

describe('permission to send', () => {
  test('is asked before the envelope: no command is sent', async () => {
    const [smtp, sender] = await started();
    expect(await sender.deliver(aMail(), allowedTimes(0))).toMatchObject({ kind: 'not_handed_over' });
    expect(smtp.steps.mail).toBe(0);
  });

  test('is asked after 354: no byte of the body is sent', async () => {
    const [smtp, sender] = await started();
    expect(await sender.deliver(aMail(), allowedTimes(1))).toMatchObject({ kind: 'not_handed_over' });
    expect(smtp.steps).toMatchObject({ data: 1, body: 0, dot: 0 });
  });

  test('is asked before the dot of a long body: the mail ends uncertain, the dot is not sent', async () => {
    const [smtp, sender] = await started();
    expect(await sender.deliver(bigMail(), allowedTimes(2))).toMatchObject({
      kind: 'uncertain',
      why: { stage: 'body' },
    });
    expect(await sender.deliver(aMail(), always)).toMatchObject({ kind: 'accepted' });
    expect(smtp.steps).toMatchObject({ connect: 2, dot: 1 });
  });

  test('is asked once the body is sent, also if the server reads slowly', async () => {
    const [smtp, sender] = await started({
      on: (step) => (step === 'body' ? new Promise((resolve) => setTimeout(() => resolve(undefined), 150)) : undefined),
    });
    const askedAfterBody: number[] = [];
    const order = {
      ...always,
      mayBegin: () => {
        askedAfterBody.push(smtp.steps.body);
        return true;
      },
    };
    const mail = bigMail();
    expect(await sender.deliver(mail, order)).toMatchObject({ kind: 'accepted' });
    expect(askedAfterBody).toEqual([0, 0, 1]);
    expect(smtp.accepted[0]?.raw?.equals(Buffer.concat(mail.chunks))).toBe(true);
  });
});

test('a refusal within the body: refused, and the connection is not used again', async () => {
  const [smtp, sender] = await started({
    on: (step, _, nth) => (step === 'body' && nth === 1 ? '552 5.3.4 too big' : undefined),
  });
  expect(await sender.deliver(bigMail(), always)).toMatchObject({ kind: 'refused', reply: { code: 552 } });
  expect(await sender.deliver(aMail(), always)).toMatchObject({ kind: 'accepted' });
  expect(smtp.steps).toMatchObject({ connect: 2, dot: 1 });
});

test('a mail larger than the server announced is refused without a command', async () => {
  const [smtp, sender] = await started({ extensions: ['SIZE 1000'] });
  expect(await sender.deliver(aMail(), always)).toMatchObject({ kind: 'refused', reply: { code: 552 } });
  expect(smtp.steps.mail).toBe(0);
});

test('an aborted order leaves the queue, mail that has begun continues', async () => {
  const [smtp, sender] = await started();
  const letGo = smtp.hold();
  const stop = new AbortController();
  const order = { mayBegin: () => true, signal: stop.signal };
  const begun = sender.deliver(aMail(), order);
  await smtp.untilStep('dot', 1);
  const queued = sender.deliver(aMail({ id: 43 }), order);
  stop.abort();
  expect(await queued).toMatchObject({ kind: 'not_handed_over' });
  letGo();
  expect(await begun).toMatchObject({ kind: 'accepted' });
  expect(smtp.accepted).toHaveLength(1);
});

test('an aborted order does not stop a long mail that has begun', async () => {
  const stop = new AbortController();
  const [smtp, sender] = await started({
    on: (step) => {
      if (step === 'body') stop.abort();
      return undefined;
    },
  });
  const order = { mayBegin: () => true, signal: stop.signal };
  expect(await sender.deliver(bigMail(), order)).toMatchObject({ kind: 'accepted' });
  expect(smtp.accepted).toHaveLength(1);
});

test('destroy: mail after its body began ends uncertain, mail before it and in the queue not handed over', async () => {
  const [smtp, sender] = await started(
    { on: (step, _, nth) => (step === 'data' && nth === 2 ? 'silence' : undefined) },
    2,
  );
  smtp.hold();
  const atDot = sender.deliver(aMail(), always);
  await smtp.untilStep('dot', 1);
  const atData = sender.deliver(aMail({ id: 43 }), always);
  await smtp.untilStep('data', 2);
  const queued = sender.deliver(aMail({ id: 44 }), always);
  sender.destroy();
  expect((await atDot).kind).toBe('uncertain');
  expect((await atData).kind).toBe('not_handed_over');
  expect((await queued).kind).toBe('not_handed_over');
  expect((await sender.deliver(aMail(), always)).kind).toBe('not_handed_over');
  expect(await sender.ready()).toMatchObject({ stage: 'connect' });
});

test('close finishes open mail, sends QUIT and takes no more', async () => {
  const [smtp, sender] = await started({}, 2);
  const letGo = smtp.hold();
  const begun = sender.deliver(aMail(), always);
  await smtp.untilStep('dot', 1);
  const closed = sender.close();
  expect((await sender.deliver(aMail(), always)).kind).toBe('not_handed_over');
  letGo();
  expect((await begun).kind).toBe('accepted');
  await closed;
  expect(smtp.steps.quit).toBe(1);
});

test('close resolves for each of its callers', async () => {
  const [smtp, sender] = await started();
  const letGo = smtp.hold();
  const begun = sender.deliver(aMail(), always);
  await smtp.untilStep('dot', 1);
  const closed = [sender.close(), sender.close()];
  letGo();
  await Promise.all(closed);
  expect(await begun).toMatchObject({ kind: 'accepted' });
});

test('all allowed connections are used, and no more', async () => {
  let most = 0;
  const [smtp, sender] = await started(
    {
      on: () => {
        most = Math.max(most, smtp.open());
        return undefined;
      },
    },
    3,
  );
  const letGo = smtp.hold();
  const all = Array.from({ length: 30 }, (_, i) =>
    sender.deliver(aMail({ id: i, email: `r${i}@example.test` }), always),
  );
  await smtp.untilStep('dot', 3);
  letGo();
  expect(new Set((await Promise.all(all)).map(({ kind }) => kind))).toEqual(new Set(['accepted']));
  expect(new Set(smtp.accepted.map(({ to }) => to[0])).size).toBe(30);
  expect([most, smtp.steps.connect]).toEqual([3, 3]);
});

test('an idle connection that the server closed is not used again', async () => {
  const port = await quietPort();
  const [smtp, sender] = await started({ port });
  expect(await sender.ready()).toBeUndefined();
  await smtp.close();
  const again = await smtpServer({ port });
  open.push(again);
  expect(await sender.deliver(aMail(), always)).toMatchObject({ kind: 'accepted' });
  expect(again.accepted).toHaveLength(1);
});

test('a connection is replaced after the number of mails its URL allows', async () => {
  const smtp = await smtpServer();
  const sender = smtpTransport({
    url: `${smtp.url}?messages=2`,
    connections: 1,
    times: { smtpCommand: 5_000, smtpDot: 5_000 },
  });
  open.push(smtp, { close: () => sender.destroy() });
  for (let i = 0; i < 5; i += 1) expect((await sender.deliver(aMail({ id: i }), always)).kind).toBe('accepted');
  expect(smtp.steps).toMatchObject({ connect: 3, quit: 2 });
});

describe('logging in', () => {
  const login = (url: string, query = '') =>
    smtpTransport({
      url: `${url.replace('://', '://user%40x:p%2Fw@')}${query}`,
      connections: 1,
      times: { smtpCommand: 5_000, smtpDot: 5_000 },
    });

  test('with the user and password of the URL', async () => {
    let seen = '';
    const [smtp] = await started({
      extensions: ['AUTH PLAIN'],
      on: (step, argument) => {
        if (step === 'auth') seen = argument;
        return undefined;
      },
    });
    const sender = login(smtp.url);
    open.push({ close: () => sender.destroy() });
    expect(await sender.ready()).toBeUndefined();
    expect(Buffer.from(seen.replace('PLAIN ', ''), 'base64').toString()).toBe('\0user@x\0p/w');
  });

  test('refused, or not offered: no mail is sent', async () => {
    const [refusing] = await started({
      extensions: ['AUTH PLAIN'],
      on: (step) => (step === 'auth' ? '535 5.7.8 no' : undefined),
    });
    const [open1, open2] = [login(refusing.url), login((await started())[0].url)];
    open.push({ close: () => [open1, open2].map((sender) => sender.destroy()) });
    expect(await open1.ready()).toMatchObject({ stage: 'connect', what: expect.stringContaining('EAUTH') });
    expect(await open2.deliver(aMail(), always)).toMatchObject({
      kind: 'not_handed_over',
      why: { what: expect.stringContaining('ENOAUTH') },
    });
  });

  test.each(['tls=maybe', 'pool=true', 'messages=0'])('a URL with %s is refused', (query) => {
    expect(() => login('smtp://mail.example.test', `?${query}`)).toThrow('SMTP_URL');
  });
});
