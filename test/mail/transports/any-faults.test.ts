import fc from 'fast-check';
import { expect, test } from 'vitest';
import { always, testRoutes } from '../../support/mail/failover.js';
import { aMail } from '../../support/mail/letters.js';
import type { Act, SmtpScript, Step } from '../../support/scripted/smtp-script.js';

const FAULTS: Readonly<Partial<Record<Step, readonly Act[]>>> = {
  connect: ['drop', '421 4.3.2 busy', '554 no'],
  ehlo: ['drop', '421 4.3.2 busy'],
  mail: ['drop', '421 4.3.2 busy', '451 4.3.0 later', '550 5.7.1 no'],
  rcpt: ['drop', '450 4.2.1 later', '550 5.1.1 unknown'],
  data: ['drop', '451 4.3.0 later', '554 5.6.0 no'],
  body: ['drop'],
  dot: ['drop', '451 4.3.0 later', '554 5.7.1 spam'],
};

/** A server with drawn faults: for each step the fault of the nth time, if any. */
const aScript = fc
  .record(
    Object.fromEntries(
      Object.entries(FAULTS).map(([step, acts]) => [
        step,
        fc.array(fc.option(fc.constantFrom(...acts), { nil: undefined, freq: 3 }), { maxLength: 12 }),
      ]),
    ),
  )
  .map((faults): SmtpScript => ({ on: (step, _, nth) => faults[step]?.[nth - 1] }));

test('with any faults of three servers: accepted mail arrived once, refused and kept never, uncertain at most once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aScript, { minLength: 1, maxLength: 3 }), async (scripts) => {
      const some = await testRoutes(...scripts.map((script) => ({ script })));
      try {
        const order = Array.from({ length: 8 }, (_, id) => id);
        const outcomes = await Promise.all(
          order.map((id) => some.failover.deliver(aMail({ id, email: `r${id}@example.test` }), always)),
        );
        for (const [id, { kind }] of outcomes.entries()) {
          const address = `r${id}@example.test`;
          const arrived = some.servers.flatMap(({ accepted }) => accepted).filter(({ to }) => to[0] === address);
          if (kind === 'accepted') expect(arrived).toHaveLength(1);
          else expect(arrived.length).toBeLessThanOrEqual(kind === 'uncertain' ? 1 : 0);
        }
      } finally {
        await some.close();
      }
    }),
    { numRuns: 15 },
  );
}, 60_000);
