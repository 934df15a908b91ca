import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../domain/delivery/outcome.js';
import type { SplicedMail } from '../../../mail/letter/letter.js';
import { smtpTransport } from '../../../mail/transports/transport.js';
import {
  byteByByte,
  type Fault,
  type FaultAct,
  type FaultyServerOptions,
  type FaultySmtpServer,
  faultySmtpServer,
} from '../../support/scripted/faulty-smtp-server.js';

/** The last two go out behind the dot of the mail before. */
const MAILS = [1, 2, 3, 4].map(
  (id): SplicedMail => ({
    kind: 'mail',
    envelope: { from: 'a@x.test', to: `r${id}@x.test` },
    messageId: `<${id}@x.test>`,
    chunks: [Buffer.from(`Subject: ${id}\r\n\r\n.dot\r\n..\r\n`)],
  }),
);

interface Run {
  readonly outcomes: readonly (readonly Outcome[])[];
  readonly server: FaultySmtpServer;
}

/** Sends the mails over one connection at a time, and waits until nothing more can arrive. */
async function run(options: FaultyServerOptions, isSplit: boolean, timeout = 20_000): Promise<Run> {
  const outcomes: Outcome[][] = MAILS.map(() => []);
  const server = await faultySmtpServer({ ...options, onFault: () => sender.destroy() });
  const sender = smtpTransport({
    url: server.url,
    connections: 1,
    times: { smtpCommand: timeout, smtpDot: timeout },
    dial: isSplit ? byteByByte : undefined,
    name: 'c.test',
  });
  const order = { mayBegin: () => true, signal: new AbortController().signal };
  await new Promise<void>((resolve) => {
    let open = MAILS.length;
    for (const [i, mail] of MAILS.entries()) {
      sender.send(mail, order, (outcome) => {
        outcomes[i]?.push(outcome);
        open -= 1;
        if (open === 0) resolve();
      });
    }
  });
  await sender.close();
  await server.untilQuiet();
  await server.close();
  return { outcomes, server };
}

/** What must hold for every conversation, whatever the server does. */
function check({ outcomes, server }: Run, what: object, mostUncertain = 1): readonly Outcome['kind'][] {
  const kinds = outcomes.map((all) => all.map(({ kind }) => kind).join());
  const story = { ...what, kinds, taken: server.taken().map(({ to }) => to), streams: server.streams };
  for (const [i, mail] of MAILS.entries()) {
    const arrived = server.taken().filter(({ to }) => to === mail.envelope.to);
    const expected = { accepted: [1], uncertain: [0, 1], refused: [0], not_handed_over: [0] }[
      kinds[i] as Outcome['kind']
    ];
    if (!expected?.includes(arrived.length)) expect.fail(JSON.stringify(story, null, 1));
    for (const { raw } of arrived) expect(raw.equals(Buffer.concat(mail.chunks))).toBe(true);
  }
  if (kinds.filter((kind) => kind === 'uncertain').length > mostUncertain) expect.fail(JSON.stringify(story, null, 1));
  return kinds as Outcome['kind'][];
}

/** After one fault a fresh connection works: all other mails arrive. */
function checkOthers(kinds: readonly Outcome['kind'][], mayDiffer: readonly Outcome['kind'][], what: object): void {
  const others = kinds.filter((kind) => kind !== 'accepted');
  if (others.length > 1 || others.some((kind) => !mayDiffer.includes(kind)))
    expect.fail(JSON.stringify({ ...what, kinds }));
}

/** Every byte, but of the bodies and the replies' texts only some. */
function positions(stream: string): number[] {
  const inBody = [...stream.matchAll(/Subject.*?\r\n\.\r\n/gs)].map(({ 0: { length }, index }) => [
    index,
    index + length,
  ]);
  return Array.from({ length: stream.length }, (_, at) => at + 1).filter(
    (at) => at % 11 === 0 || !inBody.some(([from = 0, to = 0]) => at > from + 1 && at < to - 5),
  );
}

async function inBatches<T>(all: readonly T[], work: (one: T) => Promise<void>, size = 24): Promise<void> {
  for (let i = 0; i < all.length; i += size) await Promise.all(all.slice(i, i + size).map(work));
}

describe.each([
  ['pipelined', ['PIPELINING']],
  ['one command at a time', []],
])('%s', (_, extensions) => {
  const good = () => run({ extensions }, false);
  const faultsAt = async (act: FaultAct): Promise<Fault[]> => {
    const { client, server } = (await good()).server.streams;
    const of = (stream: Fault['stream'], text: string) => positions(text).map((at): Fault => ({ stream, at, act }));
    return [...of('client', client), ...of('server', server)];
  };

  test('without a fault all mails go over one connection', async () => {
    const done = await good();
    expect(check(done, {})).toEqual(MAILS.map(() => 'accepted'));
    expect(done.server.connections()).toBe(1);
    const ahead = done.server.streams.chunks.filter((chunk) =>
      /\r\n\.\r\nMAIL FROM.*\r\nRCPT TO.*\r\nDATA\r\n$/.test(chunk),
    );
    expect(ahead).toHaveLength(extensions.length * 2);
  });

  test.each<[FaultAct, readonly Outcome['kind'][]]>([
    ['reset', ['uncertain']],
    ['close', ['uncertain']],
    ['garbage', ['uncertain']],
    ['421', ['uncertain', 'refused']],
  ])('%s at every byte: no mail is lost, doubled or refused in vain', async (act, mayDiffer) => {
    await inBatches(await faultsAt(act), async (fault) => {
      const isSplit = fault.at % 2 === (extensions.length ? 0 : 1);
      const what = { fault, isSplit };
      checkOthers(check(await run({ extensions, fault }, isSplit), what), mayDiffer, what);
    });
  });

  test('the transport is destroyed at every byte: each mail has its fate', async () => {
    await inBatches(await faultsAt('call'), async (fault) => {
      const isSplit = fault.at % 2 === 0;
      check(await run({ extensions, fault }, isSplit), { fault, isSplit });
    });
  });

  test('silence at the ends of commands and replies', async () => {
    const { client, server } = (await good()).server.streams;
    const ends = (text: string) => [...text.matchAll(/\n/g)].flatMap(({ index }) => [index, index + 1]);
    const of = (stream: Fault['stream'], text: string) =>
      ends(text).map((at): Fault => ({ stream, at, act: 'silence' }));
    const looked = async (fault: Fault) => {
      const done = await run({ extensions, fault }, false, 400);
      check(done, { fault }, done.server.connections());
    };
    await inBatches([...of('client', client), ...of('server', server)], looked, 100);
  });

  test('each reply twice: no mail is lost or doubled', async () => {
    const count = (await good()).server.streams.server.match(/^\d{3} /gm)?.length ?? 0;
    const repeats = Array.from({ length: count }, (_, repeated) =>
      [true, false].map((isSplit) => ({ repeated, isSplit })),
    );
    await inBatches(repeats.flat(), async ({ repeated, isSplit }) => {
      const what = { repeated, isSplit };
      checkOthers(check(await run({ extensions, repeated }, isSplit), what), ['uncertain'], what);
    });
  });
});
