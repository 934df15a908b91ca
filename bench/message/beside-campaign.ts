import { setTimeout as pause } from 'node:timers/promises';
import { openStore } from '../../store/mongo/connect.js';
import { machineTime } from '../harness/machine-time.js';
import { newsletter } from '../harness/newsletter.js';
import { listOf } from '../product/people.js';
import type { ClockedSink } from '../receiver/sink.js';
import type { Figures } from '../report/rounds.js';
import { between, last, posted, type Setup, twoQuantiles } from './posting.js';

export interface BesidePlan {
  /** Recipients of each of the two campaigns. */
  readonly recipients: number;
  readonly messages: number;
  /** Messages a second. */
  readonly perSecond: number;
  readonly database: string;
}

/** Connections of the callers: as many requests wait at most. */
const MOST_WAITING = 1_000;
/** Seconds of the campaign before the first message. */
const RUN_IN = 2;
const LOOK_MS = 100;

/** Messages at a constant pace beside a campaign that is limited to half of what it reached alone. */
export async function besideCampaign(setup: Setup, plan: BesidePlan): Promise<Figures> {
  const { installation, sink } = setup;
  const { recipients, messages, perSecond, database } = plan;
  const list = await aList(setup, recipients, database);
  const capacity = await alone(setup, list, recipients);
  await installation.calm();
  const [limit, before] = [Math.max(1, Math.round(capacity / 2)), await sink.count()];
  const campaign = await launched(setup, list, { rate_per_second: limit });
  await untilCount(sink, before + Math.min(recipients, RUN_IN * limit));
  const [begun, ahead] = [machineTime(), await sink.count()];
  const run = await posted(setup, { messages, inFlight: MOST_WAITING, perSecond });
  const sent = (await sink.count()) - ahead - messages;
  if (ahead - before + sent >= recipients)
    throw new Error('the campaign ended before the messages did: use more recipients');
  const rate = (sent * 1_000) / (machineTime() - begun);
  await installation.call('POST', `/campaigns/${campaign}/cancel`, {});
  await installation.calm();
  return {
    ...twoQuantiles('accept', between(run.requestedAt, run.answeredAt)),
    ...twoQuantiles('arrival', between(run.requestedAt, run.arrivedAt)),
    'longest arrival ms': last(between(run.requestedAt, run.arrivedAt)),
    'campaign alone, mails/s': capacity,
    'campaign beside, mails/s': rate,
  };
}

async function aList({ installation: { call, mongodbUrl } }: Setup, people: number, database: string) {
  const store = await openStore({ url: mongodbUrl, database });
  try {
    return await listOf({ call, store }, people);
  } finally {
    await store.close();
  }
}

/** Mails a second of a campaign without a limit. */
async function alone(setup: Setup, list: number, recipients: number): Promise<number> {
  const before = await setup.sink.count();
  await launched(setup, list, {});
  await untilCount(setup.sink, before + recipients);
  const arrivals = await setup.sink.accepted(before);
  return ((recipients - 1) * 1_000) / ((arrivals.at(-1)?.at ?? Number.NaN) - (arrivals[0]?.at ?? Number.NaN));
}

async function launched({ installation: { call } }: Setup, list_id: number, settings: object): Promise<number> {
  const letter = { list_id, subject: newsletter.subject, html: newsletter.html };
  return (await call<{ id: number }>('POST', '/campaigns', { ...letter, settings, send: true })).id;
}

async function untilCount(sink: ClockedSink, count: number): Promise<void> {
  while ((await sink.count()) < count) await pause(LOOK_MS);
}
