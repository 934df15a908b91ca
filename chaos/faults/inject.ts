import { setTimeout as pause } from 'node:timers/promises';
import { CONNECTIONS, type Installation, rollingRestart } from '../installation/installation.js';
import type { Seat } from '../installation/seat.js';
import type { PlannedFault } from '../plan.js';
import type { ReceiverTrouble } from '../receiver/conversation.js';
import type { FaultName } from './names.js';
import { cancelCampaignWorkflow, resetCampaign, terminateCampaign } from './operator.js';
import type { Scene } from './scene.js';

/** Mails that one killed or frozen worker may leave in doubt: four for each of its connections. */
const OF_A_WORKER = 4 * CONNECTIONS;
/** A server that is started again at once would hide how others notice its end. */
const RESTARTED_AFTER_MS = 1_000;

type Planned = PlannedFault<FaultName>;

/** Injects a fault and ends it; returns how many mails the protocol allows it to leave in doubt, beside broken connections. */
export async function inject(scene: Scene, planned: Planned): Promise<number> {
  const { fault } = planned;
  if (isReceiverFault(fault)) {
    scene.judge.begin(TROUBLES[fault]);
    await pause((planned.seconds * 1_000) / 4);
    scene.judge.end();
    return 0;
  }
  await INJECTORS[fault](scene, planned);
  return fault === 'worker_killed' || fault === 'worker_frozen' ? OF_A_WORKER : 0;
}

type Injector = (scene: Scene, planned: Planned) => Promise<void>;

const INJECTORS: Readonly<Record<Exclude<FaultName, ReceiverFault>, Injector>> = {
  worker_killed: ({ installation }, planned) => killed(seatOf(installation.workers, planned)),
  worker_frozen: ({ installation }, planned) => frozen(seatOf(installation.workers, planned), planned),
  api_killed: ({ installation }, planned) => killed(seatOf(installation.apis, planned)),
  api_frozen: ({ installation }, planned) => frozen(seatOf(installation.apis, planned), planned),
  mongodb_primary_killed: async ({ installation }, planned) => {
    const restart = await installation.mongodb.killPrimary();
    await lasting(planned);
    await restart();
  },
  temporal_killed: ({ installation: { temporal } }, planned) => away(temporal.kill, planned, temporal.start),
  temporal_emptied: ({ installation: { temporal } }, planned) =>
    away(() => temporal.kill().then(temporal.empty), planned, temporal.start),
  receiver_silent: ({ judge }, planned) =>
    away(
      async () => judge.fallSilent(),
      planned,
      async () => judge.wake(),
    ),
  receiver_away: ({ judge }, planned) => away(judge.goAway, planned, judge.comeBack),
  campaign_terminated: terminateCampaign,
  campaign_reset: resetCampaign,
  rolling_restart: ({ installation }) => rollingRestart(installation),
  campaign_cancelled: cancelCampaignWorkflow,
  disk_full: async ({ installation }, planned) => {
    const free = await installation.mongodb.fillDisk();
    await lasting(planned);
    await free();
  },
  worker_clock_jumps: ({ installation }, planned) => clockJumps(installation, planned),
};

/** Why this machine cannot inject a fault; undefined where it can. */
export function whyNot({ mongodb, clock }: Installation, fault: FaultName): string | undefined {
  if (fault === 'disk_full') return mongodb.withoutDisks;
  if (fault === 'worker_clock_jumps' && clock === undefined) return 'libfaketime is not installed';
  return undefined;
}

type ReceiverFault = Extract<FaultName, `connections_dropped_${string}` | `replies_${string}`>;

const DROPPED_SHARE = 0.02;
const REFUSED_SHARE = 0.1;

function isReceiverFault(fault: FaultName): fault is ReceiverFault {
  return fault in TROUBLES;
}

const TROUBLES: Readonly<Record<ReceiverFault, ReceiverTrouble>> = {
  connections_dropped_at_mail: { phase: 'mail', share: DROPPED_SHARE, act: 'drop' },
  connections_dropped_at_rcpt: { phase: 'rcpt', share: DROPPED_SHARE, act: 'drop' },
  connections_dropped_at_data: { phase: 'data', share: DROPPED_SHARE, act: 'drop' },
  connections_dropped_in_body: { phase: 'body', share: DROPPED_SHARE, act: 'drop' },
  connections_dropped_after_dot: { phase: 'dot', share: DROPPED_SHARE, act: 'drop' },
  replies_421: { phase: 'mail', share: REFUSED_SHARE, act: '421 4.3.2 try again later' },
  replies_450: { phase: 'rcpt', share: REFUSED_SHARE, act: '450 4.2.0 mailbox busy' },
  replies_452: { phase: 'rcpt', share: REFUSED_SHARE, act: '452 4.2.2 mailbox full' },
  replies_550: { phase: 'rcpt', share: REFUSED_SHARE, act: '550 5.1.1 no such user' },
};

async function killed(seat: Seat): Promise<void> {
  await seat.kill();
  await pause(RESTARTED_AFTER_MS);
  seat.start();
}

async function frozen(seat: Seat, planned: Planned): Promise<void> {
  seat.signal('SIGSTOP');
  await lasting(planned);
  seat.signal('SIGCONT');
}

async function away(begin: () => Promise<void>, planned: Planned, end: () => Promise<void>): Promise<void> {
  await begin();
  await lasting(planned);
  await end();
}

function lasting({ seconds }: Planned): Promise<void> {
  return pause(seconds * 1_000);
}

const CLOCK_OFF_BY = 3_600;
/** A worker sends after this time. */
const STARTED_AFTER_MS = 5_000;

async function clockJumps({ workers, clock }: Installation, planned: Planned): Promise<void> {
  const seat = seatOf(workers, planned);
  await seat.end();
  seat.start({ environment: clock?.environment });
  await pause(STARTED_AFTER_MS);
  for (const seconds of [CLOCK_OFF_BY, -CLOCK_OFF_BY, 0]) {
    await clock?.set(seconds);
    await lasting(planned);
  }
  await seat.end();
  seat.start();
}

function seatOf(seats: readonly Seat[], { target }: Planned): Seat {
  const seat = seats[target % seats.length];
  if (seat === undefined) throw new RangeError('the installation has no such process');
  return seat;
}
