import { monitorEventLoopDelay } from 'node:perf_hooks';
import nodemailer, { type SendMailOptions } from 'nodemailer';
import { monotonic, now } from '../../clock.js';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import type { DkimAlgorithm } from '../../domain/sender-domain.js';
import { relaxOnce } from '../../mail/dkim/canonical.js';
import type { Signer } from '../../mail/dkim/sign.js';
import { signingPool } from '../../mail/dkim/threads/pool.js';
import { compileLetter } from '../../mail/letter/compile.js';
import type { Letter, SplicedMail } from '../../mail/letter/letter.js';
import { spliceMail } from '../../mail/letter/splice.js';
import type { HandOverOrder } from '../../mail/smtp/hand-over.js';
import { linkTokens, unsubscribeUrl } from '../../mail/tokens/link-tokens.js';
import { smtpTransport, type Transport } from '../../mail/transports/transport.js';
import { newsletter, reader } from '../harness/newsletter.js';
import { newSigners } from './bare-signatures.js';
import { codeMail } from './code-mail.js';
import type { SendingOrder, SendingRun } from './sender.js';
import { filledBodies, shopLetter, untracked } from './shop-letter.js';

/** Sends the shop's letter, or small mails, as one side of a comparison. It runs as a child process and answers each order with a run. */
interface Side {
  send(id: number): Promise<void>;
  close(): Promise<void>;
}

type Open = (order: SendingOrder) => Side;
type Sign = (mail: SplicedMail) => Promise<SplicedMail>;

const SIDES: Readonly<Record<SendingOrder['side'], Open>> = {
  everpost: everpost(shopLetter),
  untracked: everpost(untracked),
  rsa: signed(['rsa-sha256']),
  'rsa and ed25519': signed(['rsa-sha256', 'ed25519-sha256']),
  nodemailer: composingPool(letterTo),
  'nodemailer, small mail': composingPool(codeTo),
};

/** Mails in flight for each connection, as in a page's window. */
const IN_FLIGHT = 4;

const links = linkTokens([{ kid: 1, key: Buffer.alloc(32, 7), current: true }]);

function everpost(letter: Letter, sign?: Sign): Open {
  return ({ url, connections }) => {
    const compiled = compileLetter(letter);
    if (sign !== undefined) relaxOnce(compiled.plan);
    const transport = smtpTransport({ url, connections, times: PROTOCOL_TIMES });
    const deliver = delivering(transport);
    return {
      async send(id) {
        const mail = spliceMail(compiled, reader(id), now(), links);
        if (mail.kind !== 'mail') throw new Error(mail.reason);
        await deliver(sign === undefined ? mail : await sign(mail));
      },
      close: () => transport.close(),
    };
  };
}

/** With keys of its own, in the threads that sign campaigns. */
function signed(algorithms: readonly DkimAlgorithm[]): Open {
  const pool = signingPool();
  let signers: Promise<readonly Signer[]> | undefined;
  return everpost(shopLetter, async (mail) => {
    signers ??= newSigners(algorithms);
    return pool.sign(mail, await signers);
  });
}

/** The only place here that knows how a transport takes a mail. */
function delivering(transport: Transport): (mail: SplicedMail) => Promise<void> {
  const order: HandOverOrder = { mayBegin: () => true, signal: new AbortController().signal };
  return async (mail) => {
    const outcome = await transport.deliver(mail, order);
    if (outcome.kind !== 'accepted') throw new Error(`the receiver did not accept a mail: ${outcome.kind}`);
  };
}

function composingPool(mailTo: (id: number) => SendMailOptions): Open {
  return ({ url, connections }) => {
    const { hostname: host, port } = new URL(url);
    const pool = { pool: true, maxConnections: connections, maxMessages: Infinity } as const;
    const transport = nodemailer.createTransport({ host, port: Number(port), ...pool });
    return {
      send: async (id) => void (await transport.sendMail(mailTo(id))),
      close: async () => transport.close(),
    };
  };
}

function letterTo(id: number): SendMailOptions {
  const { from, campaign, publicUrl } = newsletter;
  const recipient = reader(id);
  const token = links.forRecipient(campaign, id, now());
  return {
    from: { name: from.name, address: from.email },
    to: { name: `${recipient.first_name} ${recipient.last_name}`, address: recipient.email },
    subject: shopLetter.subject,
    messageId: `<7.${id}@example.test>`,
    headers: {
      'List-Unsubscribe': `<${unsubscribeUrl(publicUrl, token)}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      Precedence: 'bulk',
    },
    ...filledBodies(recipient, token),
  };
}

function codeTo(id: number): SendMailOptions {
  return { to: reader(id).email, ...codeMail() };
}

async function run(order: SendingOrder): Promise<SendingRun> {
  const side = SIDES[order.side](order);
  const delays = monitorEventLoopDelay({ resolution: 1 });
  const cpu = process.cpuUsage();
  const start = monotonic();
  delays.enable();
  let next = 0;
  const sendOn = async () => {
    while (next < order.mails) {
      next += 1;
      await side.send(next);
    }
  };
  await Promise.all(Array.from({ length: order.connections * IN_FLIGHT }, sendOn));
  delays.disable();
  const seconds = (monotonic() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  await side.close();
  return { seconds, cpu: (user + system) / 1_000, loopDelay: delays.percentile(99) / 1e6 };
}

process.on('message', (order: SendingOrder) => {
  void run(order).then((answer) => process.send?.(answer));
});
process.once('disconnect', () => process.exit(0));
