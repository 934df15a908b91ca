import { afterEach, describe, expect, test } from 'vitest';
import type { HandOverOrder } from '../../../mail/smtp/hand-over.js';
import { smtpTransport, type Transport } from '../../../mail/transports/transport.js';
import { aMail } from '../../support/mail/letters.js';
import { type FaultyServerOptions, faultySmtpServer } from '../../support/scripted/faulty-smtp-server.js';
import type { SmtpScript } from '../../support/scripted/smtp-script.js';
import { smtpServer } from '../../support/scripted/smtp-server.js';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const always: HandOverOrder = { mayBegin: () => true, signal: new AbortController().signal };

interface Sender {
  readonly sender: Transport;
  /** The modes to which the pipelining was reduced. */
  readonly modes: readonly unknown[];
  readonly deliver: (count: number) => Promise<readonly string[]>;
}

function senderTo(url: string, over: { connections?: number; smtpCommand?: number } = {}): Sender {
  const { connections = 1, smtpCommand = 20_000 } = over;
  const modes: unknown[] = [];
  const log = (message: string, { mode }: Readonly<Record<string, unknown>>) => {
    if (message === 'smtp pipelining reduced') modes.push(mode);
  };
  const sender = smtpTransport({ url, connections, times: { smtpCommand, smtpDot: 20_000 }, log });
  open.push({ close: () => sender.destroy() });
  const deliver = async (count: number) => {
    const mails = Array.from({ length: count }, (_, i) =>
      sender.deliver(aMail({ id: i, email: `r${i}@x.test` }), always),
    );
    return (await Promise.all(mails)).map((outcome) =>
      outcome.kind === 'refused' ? `refused ${outcome.reply.code}` : outcome.kind,
    );
  };
  return { sender, modes, deliver };
}

async function faulty(options: FaultyServerOptions) {
  const server = await faultySmtpServer(options);
  open.push(server);
  return server;
}

async function scripted(script: SmtpScript) {
  const server = await smtpServer(script);
  open.push(server);
  return server;
}

describe('a server that announces PIPELINING and cannot cope with it', () => {
  test.each([
    ['loses what is sent ahead', 'lost', 300],
    ['refuses what is sent ahead', 'refused', 20_000],
  ] as const)('%s: pipelining ends, and each mail gets through once', async (_, ahead, smtpCommand) => {
    const server = await faulty({ ahead });
    const { deliver, modes } = senderTo(server.url, { smtpCommand });
    expect(await deliver(3)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(modes).toEqual(['within', 'none']);
    expect(
      server
        .taken()
        .map(({ to }) => to)
        .sort(),
    ).toEqual(['r0@x.test', 'r1@x.test', 'r2@x.test']);
  });
});

describe('a connection that the server ends', () => {
  test.each([[[]], [['PIPELINING']]])('after each mail (%j): every mail gets through once', async (extensions) => {
    const server = await faulty({ mails: 1, extensions });
    const { deliver } = senderTo(server.url, { connections: 2 });
    expect(await deliver(12)).toEqual(Array.from({ length: 12 }, () => 'accepted'));
    expect(server.taken()).toHaveLength(12);
    expect(server.connections()).toBeGreaterThanOrEqual(12);
  });

  test.each(['421 4.7.0 enough', '451 4.3.0 later'])(
    '%s to the second MAIL: a fresh connection at once',
    async (reply) => {
      const server = await scripted({ on: (step, _, nth) => (step === 'mail' && nth === 2 ? reply : undefined) });
      const { deliver } = senderTo(server.url);
      expect(await deliver(2)).toEqual(['accepted', 'accepted']);
      expect(server.steps.connect).toBe(2);
    },
  );

  test('421 to MAIL after a refused recipient: a fresh connection at once', async () => {
    const server = await scripted({
      on: (step, _, nth) => (step === 'mail' && nth === 2 ? '421 4.7.0 enough' : undefined),
      onRcpt: (address) => (address === 'r0@x.test' ? '550 5.1.1 unknown' : undefined),
    });
    expect(await senderTo(server.url).deliver(2)).toEqual(['refused 550', 'accepted']);
    expect(server.steps.connect).toBe(2);
  });

  test('421 to MAIL on a fresh connection, and 451 to many: the reply is the fate', async () => {
    const server = await scripted({ on: (step, _, nth) => (step === 'mail' && nth < 3 ? '421 4.7.0 no' : undefined) });
    expect(await senderTo(server.url).deliver(2)).toEqual(['refused 421', 'refused 421']);
    const greylisting = await scripted({
      on: (step, _, nth) => (step === 'mail' && nth > 1 ? '451 4.7.1 later' : undefined),
    });
    const fates = await senderTo(greylisting.url).deliver(4);
    expect(fates).toEqual(['accepted', 'refused 451', 'refused 451', 'refused 451']);
    expect(greylisting.steps.connect).toBe(2);
  });

  test.each([[[]], [['PIPELINING']]])('after a reply too many (%j): it refuses no other mail', async (extensions) => {
    const twice = '554 5.7.1 spam\r\n554 5.7.1 spam';
    const server = await scripted({
      extensions,
      on: (step, _, nth) => (step === 'dot' && nth === 1 ? twice : undefined),
    });
    expect(await senderTo(server.url).deliver(3)).toEqual(['refused 554', 'accepted', 'accepted']);
  });

  test('without a reply to RSET: the next mail takes a fresh connection', async () => {
    const server = await scripted({
      on: (step) => (step === 'rset' ? '502 5.5.1 unknown' : undefined),
      onRcpt: (address) => (address === 'r0@x.test' ? '550 5.1.1 unknown' : undefined),
    });
    expect(await senderTo(server.url).deliver(3)).toEqual(['refused 550', 'accepted', 'accepted']);
  });

  test('a second connection is refused: a mail that needs a fresh one gets it when the first has ended', async () => {
    const server = await scripted({
      on: (step, _, nth) => {
        if (step === 'connect' && server.open() > 1) return '421 4.7.0 one connection at a time';
        return step === 'mail' && nth === 2 ? '451 4.3.0 not here' : undefined;
      },
    });
    const { deliver } = senderTo(server.url, { connections: 3 });
    expect(await deliver(6)).toEqual(Array.from({ length: 6 }, () => 'accepted'));
  });
});

test('a dot without a reply: the envelope behind it is taken back and goes over another connection', async () => {
  let begun = (): void => undefined;
  const dotBegun = new Promise<undefined>((resolve) => {
    begun = () => resolve(undefined);
  });
  let answer = (): void => undefined;
  const server = await scripted({
    on: (step, _, nth) => {
      if (step === 'connect' && nth === 2) return dotBegun;
      if (step !== 'dot' || nth !== 2) return undefined;
      begun();
      return new Promise((resolve) => {
        answer = () => resolve(undefined);
      });
    },
  });
  const { sender, deliver } = senderTo(server.url, { connections: 2 });
  expect(await deliver(1)).toEqual(['accepted']);
  const slow = sender.deliver(aMail({ id: 7, email: 'slow@x.test' }), always);
  const behind = sender.deliver(aMail({ id: 8, email: 'behind@x.test' }), always);
  expect((await behind).kind).toBe('accepted');
  expect(server.accepted.map(({ to }) => to[0])).toEqual(['r0@x.test', 'behind@x.test']);
  answer();
  expect((await slow).kind).toBe('accepted');
  expect(await deliver(1)).toEqual(['accepted']);
  expect(server.accepted).toHaveLength(4);
});
