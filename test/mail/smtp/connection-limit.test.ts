import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { HandOverOrder } from '../../../mail/smtp/hand-over.js';
import { type SharedLimit, sharedLimit } from '../../../mail/smtp/pool/connection-limit.js';
import { smtpTransport, type Transport } from '../../../mail/transports/transport.js';
import { aMail } from '../../support/mail/letters.js';
import { type SmtpServer, smtpServer } from '../../support/scripted/smtp-server.js';

const ALL = 8;
const RESERVED = 2;
const CAMPAIGNS = ALL - RESERVED;

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const order: HandOverOrder = { mayBegin: () => true, signal: new AbortController().signal };

interface TwoUses {
  readonly smtp: SmtpServer;
  readonly campaigns: Transport;
  readonly messages: Transport;
  /** The most connections that were open at once. */
  readonly peak: () => number;
}

/** Campaigns and messages of one process at one server. */
async function twoUses(limit: SharedLimit = sharedLimit(ALL, RESERVED)): Promise<TwoUses> {
  let peak = 0;
  const smtp: SmtpServer = await smtpServer({
    // A client opens a connection only after the QUIT of the one that it replaces.
    on: (step) => {
      if (step === 'connect') peak = Math.max(peak, smtp.steps.connect - smtp.steps.quit);
      return undefined;
    },
  });
  const times = { smtpCommand: 5_000, smtpDot: 5_000 };
  const common = { url: smtp.url, connections: ALL, times };
  const campaigns = smtpTransport({ ...common, limit: limit.bulk });
  const messages = smtpTransport({ ...common, limit: limit.transactional, pipelining: 'within' });
  open.push(smtp, { close: () => campaigns.destroy() }, { close: () => messages.destroy() });
  return { smtp, campaigns, messages, peak: () => peak };
}

const deliver = (transport: Transport, count: number) =>
  Promise.all(Array.from({ length: count }, async () => (await transport.deliver(aMail(), order)).kind));
const accepted = (count: number) => Array.from({ length: count }, () => 'accepted');

test('messages use all connections while no campaign does', async () => {
  const { smtp, messages, peak } = await twoUses();
  const letGo = smtp.hold();
  const sent = deliver(messages, 3 * ALL);
  await smtp.untilStep('dot', ALL);
  letGo();
  expect(await sent).toEqual(accepted(3 * ALL));
  expect(peak()).toBe(ALL);
});

test('campaigns leave the reserved connections to messages', async () => {
  const { smtp, campaigns, messages, peak } = await twoUses();
  const letGo = smtp.hold();
  const mails = deliver(campaigns, 3 * ALL);
  await smtp.untilStep('dot', CAMPAIGNS);
  const codes = deliver(messages, ALL);
  await smtp.untilStep('dot', ALL);
  letGo();
  expect(await codes).toEqual(accepted(ALL));
  expect(await mails).toEqual(accepted(3 * ALL));
  expect(peak()).toBe(ALL);
});

test('a campaign gets its connections back after the mails that use them', async () => {
  const { smtp, campaigns, messages, peak } = await twoUses();
  const letGo = smtp.hold();
  const codes = deliver(messages, 10 * ALL);
  await smtp.untilStep('dot', ALL);
  const mails = deliver(campaigns, CAMPAIGNS);
  letGo();
  expect(await mails).toEqual(accepted(CAMPAIGNS));
  expect(smtp.steps.quit).toBeGreaterThan(0);
  expect(await codes).toEqual(accepted(10 * ALL));
  expect(peak()).toBe(ALL);
});

/** Whatever is sent, in whatever order. */
function mailsArriveWithin(limit: () => SharedLimit) {
  const batches = fc.array(fc.record({ isCampaign: fc.boolean(), count: fc.integer({ min: 1, max: 20 }) }), {
    minLength: 2,
    maxLength: 8,
  });
  return fc.asyncProperty(batches, async (list) => {
    const { smtp, campaigns, messages, peak } = await twoUses(limit());
    const sent: Promise<string[]>[] = [];
    for (const { isCampaign, count } of list) {
      sent.push(deliver(isCampaign ? campaigns : messages, count));
      await smtp.untilAccepted(Math.max(0, smtp.accepted.length - 3) + 1);
    }
    const kinds = (await Promise.all(sent)).flat();
    if (kinds.some((kind) => kind !== 'accepted')) throw new Error('a mail was not sent');
    if (peak() > ALL) throw new Error('too many connections');
    campaigns.destroy();
    messages.destroy();
  });
}

const resultOf = async (limit: () => SharedLimit) => {
  const { errorInstance } = await fc.check(mailsArriveWithin(limit), { seed: 3, numRuns: 40, endOnFailure: true });
  return String(errorInstance ?? 'holds');
};

test('both together never open more connections than there are', async () => {
  expect(await resultOf(() => sharedLimit(ALL, RESERVED))).toBe('holds');
});

test.each<[string, () => SharedLimit]>([
  [
    'each use has all connections',
    () => ({ bulk: sharedLimit(ALL, 0).bulk, transactional: sharedLimit(ALL, 0).transactional }),
  ],
])('a mutant is caught: %s', async (_, limit) => {
  expect(await resultOf(limit)).toBe('Error: too many connections');
});
