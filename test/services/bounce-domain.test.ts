import { expect, test } from 'vitest';
import { handOvers } from '../../activities/campaign/page/hand-over.js';
import type { PageOwner } from '../../activities/campaign/page/owner.js';
import { messageMail } from '../../activities/message/mail.js';
import type { Fate } from '../../domain/delivery/outcome.js';
import { compileLetter } from '../../mail/letter/compile.js';
import type { SplicedMail } from '../../mail/letter/letter.js';
import { type ReturnPaths, returnPaths } from '../../mail/tokens/return-path.js';
import type { FailoverTransport } from '../../mail/transports/failover.js';
import { domains } from '../../store/domains/domains.js';
import { contents } from '../../store/messages/contents.js';
import { aLetter, aRecipient, someLinks } from '../support/mail/letters.js';
import { anAcceptedMessage } from '../support/store/messages.js';
import { ownStore } from '../support/store/own-store.js';

const store = ownStore();
const paths = returnPaths([{ kid: 1, key: Buffer.alloc(32, 7), current: true }]);
const bounceDomain = 'bounce.everpost.test';

/** The mails that are sent to one recipient of a campaign, and the recipient's fate. */
async function handedOver(domain: string | null, returnPath: Pick<ReturnPaths, 'forRecipient'> = paths) {
  const sent: SplicedMail[] = [];
  const fates: (Fate | undefined)[] = [];
  const page = () => ({ account: 3, campaign: 7 });
  const owner = { page, lost: () => false, trusted: () => true } as unknown as PageOwner;
  const send: FailoverTransport['send'] = (mail, _, settled) => {
    sent.push(mail);
    settled({ kind: 'accepted', reply: { code: 250, text: 'ok' } });
  };
  const deps = {
    routes: { send },
    linkTokens: someLinks,
    paths: returnPath,
    sign: undefined,
    drained: new AbortController().signal,
  };
  const letter = compileLetter(aLetter({ bounceDomain: domain }));
  const mails = handOvers(deps, owner, letter, (_, fate) => fates.push(fate));
  const { id, ...fields } = aRecipient();
  const subscriber = { ...fields, _id: id, list_id: 5, email_key: fields.email, status: 'active' as const };
  mails.begin({ candidates: [{ i: 0, subscriber: { ...subscriber, attributes: {} } }], paid: undefined });
  await mails.ended();
  return { sent, fates };
}

/** The envelope sender of a campaign's mail. */
async function envelopeOf(domain: string | null): Promise<string> {
  const { sent } = await handedOver(domain);
  return sent[0]?.envelope.from ?? '';
}

test('with a bounce domain the return path of a campaign’s mail names its recipient', async () => {
  const [local = '', domain] = (await envelopeOf(bounceDomain)).split('@');
  expect([paths.read(local), domain]).toEqual([{ kind: 'recipient', campaign: 7, subscriber: 42 }, bounceDomain]);
  expect(await envelopeOf(null)).toBe('news@example.test');
});

test('a return path that cannot be made fails its recipient, and the hand-over ends', async () => {
  const forRecipient = () => {
    throw new RangeError('no key');
  };
  const { sent, fates } = await handedOver(bounceDomain, { forRecipient });
  expect(sent).toEqual([]);
  expect(fates).toMatchObject([{ kind: 'failed', class: 'render_error' }]);
});

test('a message has its own return path; the sender’s bounce domain precedes the installation’s', async () => {
  const rows = domains(store, 'a secret for the tests');
  const signing = { signed: async (_account: number, mail: SplicedMail) => mail };
  const row = await anAcceptedMessage(store);
  const from = async (config: { bounceDomain: string | undefined }) => {
    const mail = await messageMail({
      contents: contents(store),
      signing,
      paths,
      domains: rows,
      config,
      trackingLinksOf: async () => undefined,
      optOutUrlOf: () => undefined,
    })(row);
    return mail.kind === 'mail' ? mail.envelope.from.split('@') : [];
  };
  expect(await from({ bounceDomain: undefined })).toEqual(['codes', 'example.test']);
  const [local = '', domain] = await from({ bounceDomain });
  expect([paths.read(local), domain]).toEqual([{ kind: 'message', message: row._id }, bounceDomain]);
  const own = await rows.create(row.account, 'example.test', []);
  if (own === 'exists') throw new Error(own);
  await rows.changeBounceDomain(row.account, own._id, 'b.example.test');
  expect((await from({ bounceDomain }))[1]).toBe('b.example.test');
});
