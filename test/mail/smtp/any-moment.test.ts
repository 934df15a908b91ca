import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome } from '../../../domain/delivery/outcome.js';
import { smtpTransport, type Transport } from '../../../mail/transports/transport.js';
import { aMail } from '../../support/mail/letters.js';
import { type FaultyServerOptions, faultySmtpServer } from '../../support/scripted/faulty-smtp-server.js';

/** What an owner of claims does while mails are sent. */
type Move = 'abort first' | 'abort second' | 'lose trust' | 'regain trust' | 'destroy' | 'close' | 'send' | 'ready';

const MOVES: readonly Move[] = [
  'abort first',
  'abort second',
  'lose trust',
  'regain trust',
  'destroy',
  'close',
  'send',
  'ready',
];
const aMove = fc.record({ move: fc.constantFrom(...MOVES), at: fc.nat({ max: 4_000 }) });
const aFault = fc.record({
  stream: fc.constantFrom('client' as const, 'server' as const),
  at: fc.integer({ min: 1, max: 1_500 }),
  act: fc.constantFrom('reset' as const, 'close' as const, '421' as const, 'garbage' as const),
});

interface Plan {
  readonly moves: readonly { readonly move: Move; readonly at: number }[];
  readonly connections: number;
  readonly server: FaultyServerOptions;
}

const aPlan: fc.Arbitrary<Plan> = fc.record({
  moves: fc.array(aMove, { maxLength: 5 }),
  connections: fc.integer({ min: 1, max: 3 }),
  server: fc.record({
    extensions: fc.constantFrom<readonly string[]>([], ['PIPELINING']),
    fault: fc.option(aFault, { nil: undefined }),
    mails: fc.constantFrom(1, 2, 100),
    instead: fc.constantFrom<FaultyServerOptions['instead']>(
      undefined,
      (command, nth) => (command === 'RCPT' && nth % 3 === 2 ? '550 unknown' : undefined),
      (command, nth) => (command === 'MAIL' && nth % 3 === 0 ? '421 enough' : undefined),
      (command, nth) => (command === 'dot' && nth % 3 === 2 ? '554 spam' : undefined),
    ),
  }) as fc.Arbitrary<FaultyServerOptions>,
});

/** Sends mails and makes the moves when so many bytes have reached the server; all that are left at the end. */
async function play({ moves, connections, server: options }: Plan) {
  const outcomes = new Map<string, Outcome['kind'][]>();
  const answers: Promise<unknown>[] = [];
  const stops = [new AbortController(), new AbortController()];
  let isTrusted = true;
  let open = 0;
  let allSettled = () => {};
  let sender: Transport;
  const send = () => {
    const email = `r${outcomes.size}@x.test`;
    const kinds: Outcome['kind'][] = [];
    const signal = stops[outcomes.size % 2]?.signal ?? AbortSignal.abort();
    outcomes.set(email, kinds);
    open += 1;
    sender.send(aMail({ id: outcomes.size, email }), { mayBegin: () => isTrusted, signal }, ({ kind }) => {
      kinds.push(kind);
      open -= 1;
      if (open === 0) allSettled();
    });
  };
  const make: Readonly<Record<Move, () => void>> = {
    'abort first': () => stops[0]?.abort(),
    'abort second': () => stops[1]?.abort(),
    'lose trust': () => {
      isTrusted = false;
    },
    'regain trust': () => {
      isTrusted = true;
    },
    destroy: () => sender.destroy(),
    close: () => answers.push(sender.close()),
    send,
    ready: () => answers.push(sender.ready()),
  };
  let left = [...moves].sort((one, other) => one.at - other.at);
  const makeUntil = (bytes: number) => {
    const due = left.filter(({ at }) => at <= bytes);
    left = left.filter(({ at }) => at > bytes);
    for (const { move } of due) make[move]();
  };
  const server = await faultySmtpServer({ ...options, onByte: makeUntil });
  const times = { smtpCommand: 20_000, smtpDot: 20_000 };
  sender = smtpTransport({ url: server.url, connections, times, name: 'c.test' });
  for (let i = 0; i < 8; i += 1) send();
  while (open > 0 || left.length > 0) {
    await new Promise<void>((resolve) => {
      allSettled = resolve;
      if (open === 0) resolve();
    });
    makeUntil(Number.POSITIVE_INFINITY);
  }
  await Promise.all([...answers, sender.close()]);
  await server.untilQuiet();
  await server.close();
  return { outcomes, taken: server.taken().map(({ to }) => to), connections: server.connections() };
}

test('whatever the owner does at any moment: each mail has one fate, and close() ends', async () => {
  await fc.assert(
    fc.asyncProperty(aPlan, async (plan) => {
      const { outcomes, taken, connections } = await play(plan);
      for (const [email, kinds] of outcomes) {
        expect(kinds).toHaveLength(1);
        const arrived = taken.filter((to) => to === email).length;
        if (kinds[0] === 'accepted') expect(arrived).toBe(1);
        else expect(arrived).toBeLessThanOrEqual(kinds[0] === 'uncertain' ? 1 : 0);
      }
      const uncertain = [...outcomes.values()].filter(([kind]) => kind === 'uncertain').length;
      expect(uncertain).toBeLessThanOrEqual(connections);
    }),
    { numRuns: 150 },
  );
}, 60_000);
