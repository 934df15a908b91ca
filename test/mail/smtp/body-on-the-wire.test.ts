import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SplicedMail } from '../../../mail/letter/letter.js';
import { smtpTransport, type Transport } from '../../../mail/transports/transport.js';
import { type FaultySmtpServer, faultySmtpServer } from '../../support/scripted/faulty-smtp-server.js';

const order = { mayBegin: () => true, signal: new AbortController().signal };
let server: FaultySmtpServer;
let sender: Transport;
let id = 0;

async function start(lineEnd: 'CRLF' | 'LF' | 'CR'): Promise<void> {
  server = await faultySmtpServer({ lineEnd });
  sender = smtpTransport({
    url: server.url,
    connections: 1,
    times: { smtpCommand: 20_000, smtpDot: 20_000 },
    name: 'c.test',
  });
}

async function stop(): Promise<void> {
  sender.destroy();
  await server.close();
}

/** Sends bodies at once, so that envelopes go out behind dots; returns what the receiver took, in the same order. */
async function arrived(bodies: readonly (readonly Buffer[])[]): Promise<readonly Buffer[]> {
  const first = server.taken().length;
  const mails = bodies.map((chunks): SplicedMail => {
    id += 1;
    return { kind: 'mail', envelope: { from: 'a@x.test', to: `r${id}@x.test` }, messageId: `<${id}@x.test>`, chunks };
  });
  const outcomes = await Promise.all(mails.map((mail) => sender.deliver(mail, order)));
  expect(outcomes.map(({ kind }) => kind)).toEqual(mails.map(() => 'accepted'));
  const taken = server.taken().slice(first);
  expect(taken.map(({ to }) => to)).toEqual(mails.map(({ envelope: { to } }) => to));
  return taken.map(({ raw }) => raw);
}

/** RFC 5321 §4.1.1.4: the last line ends in CRLF, too. */
function lastLineEnded(body: Buffer): Buffer {
  return body.toString('latin1').endsWith('\r\n') ? body : Buffer.concat([body, Buffer.from('\r\n')]);
}

/** A body, and the same cut into chunks at any places. */
function inChunks(body: fc.Arbitrary<Buffer>): fc.Arbitrary<readonly Buffer[]> {
  return fc.tuple(body, fc.array(fc.nat(), { maxLength: 4 })).map(([bytes, cuts]) => {
    const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((one, other) => one - other);
    return places.slice(1).map((to, i) => bytes.subarray(places[i], to));
  });
}

const piece = fc.constantFrom('.', '..', '.\r\n', '\r\n.\r\n', '\r\n..', 'x', 'QUIT\r\n', '\r\n', '\0', 'é', 'text ');
/** CRLF line ends only, with dots where they hurt. */
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join(''), 'latin1'));
/** Around the sizes at which a body is written in pieces: 32 KiB and 64 KiB. */
const long = fc
  .tuple(fc.constantFrom(32_768, 65_536, 131_072), fc.integer({ min: -8, max: 8 }), text, text)
  .map(([size, more, head, tail]) => {
    const fill = Math.max(0, size + more - head.length - tail.length);
    return Buffer.concat([head, Buffer.from('.x234567\r\n'.repeat(fill / 10 + 1)).subarray(0, fill), tail]);
  })
  // A piece that ends in CR has lost its LF.
  .filter((body) => !/\r(?!\n)|(?<!\r)\n/.test(body.toString('latin1')));
const wild = fc
  .array(
    fc.oneof(piece, fc.constantFrom('\r', '\n', '\n.', '\r.', '\n.\n', '\r.\r', '\n.\r\n', '\r\n.\n', '\r\n.\r')),
    {
      maxLength: 10,
    },
  )
  .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));

describe('a body', () => {
  beforeAll(() => start('CRLF'));
  afterAll(stop);

  test('arrives as it was given, on one connection', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(inChunks(text), { minLength: 1, maxLength: 4 }), async (bodies) => {
        expect(await arrived(bodies)).toEqual(bodies.map((chunks) => lastLineEnded(Buffer.concat(chunks))));
      }),
      { numRuns: 150, examples: [[[[]]], [[[Buffer.from('.')]]], [[[Buffer.from('.\r\n'), Buffer.from('QUIT\r\n')]]]] },
    );
    expect(server.connections()).toBe(1);
  });

  test('that is written in several pieces arrives as it was given', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(inChunks(long), { minLength: 1, maxLength: 2 }), async (bodies) => {
        const taken = await arrived(bodies);
        for (const [i, chunks] of bodies.entries())
          expect(taken[i]?.equals(lastLineEnded(Buffer.concat(chunks)))).toBe(true);
      }),
      { numRuns: 25 },
    );
    expect(server.connections()).toBe(1);
  });
});

describe.each(['CRLF', 'LF', 'CR'] as const)('a receiver that takes %s for the end of a line', (lineEnd) => {
  beforeAll(() => start(lineEnd));
  afterAll(stop);

  test('finds one mail in each body, also where CR and LF stand alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(inChunks(wild), { minLength: 1, maxLength: 3 }), async (bodies) => {
        expect(await arrived(bodies)).toHaveLength(bodies.length);
      }),
      { numRuns: 120 },
    );
    expect(server.connections()).toBe(1);
  });
});
