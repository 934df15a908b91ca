import fc from 'fast-check';
import { now } from '../../../clock.js';
import { ledger } from '../../../store/campaigns/ledger.js';
import { uncertainRecipients } from '../../../store/campaigns/uncertain-recipients.js';
import type { Fault } from '../network.js';
import type { Resolution } from '../receiver.js';
import { act } from './act.js';
import { FAIR_LEASE, publishEntries, WRONG_LEASE } from './attempt.js';
import { command, pick } from './command.js';
import { keyOf } from './freezer.js';
import { refusedAsDuplicate } from './recovery.js';

const faultsAmong = (...faults: Fault[]) =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant<Fault[]>([]) },
    { weight: 2, arbitrary: fc.array(fc.constantFrom(...faults), { maxLength: 2 }) },
  );
const someFaults = faultsAmong('drop', 'deaf', 'late', 'twice', 'hang');
export const someBatchFaults = faultsAmong('drop', 'deaf', 'late', 'twice', 'hang', 'part');
const position = fc.nat({ max: 11 });
const resolutions = fc.constantFrom<Resolution>(
  ...(['accept', 'accept', 'refuse', 'defer', 'drop_accepted', 'drop_lost', 'before'] as const),
);

/** One of the attempts runs an action that its state allows; `dice` chooses it. */
const acts = fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 99 }), someFaults).map(([at, dice, faults]) =>
  command(
    `attempt ${at} [${faults}]`,
    (model) => model.slots[at] !== undefined,
    (model) => act(model, at, dice, faults),
  ),
);

const resolves = fc.tuple(position, resolutions, fc.boolean()).map(([which, how, all]) =>
  command(
    `the receiver: ${how} (${all ? 'all' : which})`,
    (model) => model.receiver.open.length > 0,
    ({ receiver }) => {
      receiver.resolve(which, how);
      while (all && receiver.open.length > 0) receiver.resolve(0, how);
    },
  ),
);

const deliveries = fc.tuple(position, fc.boolean()).map(([which, again]) =>
  command(
    `a late write arrives (${which})${again ? ', and will arrive again' : ''}`,
    (model) => model.underway.length > 0,
    async (model) => {
      const at = which % model.underway.length;
      const [late] = model.underway.slice(at, at + 1);
      if (!again) model.underway.splice(at, 1);
      await late?.().catch(refusedAsDuplicate);
    },
  ),
);

const staleWrites = position.map((which) =>
  command(
    `a stale attempt tries every write (${which})`,
    (model) => model.staleAttempts.length > 0,
    async (model) => {
      const stale = pick(model.staleAttempts, which);
      if (stale?.page === undefined || stale.connection.operation !== undefined) return;
      const { page } = stale;
      stale.connection.faults.length = 0;
      const mine = stale.open(FAIR_LEASE);
      const limit = Math.min(page.n, page.claimed + 1);
      const once = () => true;
      await mine.advance(
        page,
        { settled: page.settled, claimed: limit, published: page.published, exceptions: [] },
        once,
      );
      await mine.renew(page, once);
      await mine.finish(page, once);
      await mine.release({ ...page, settled: page.claimed }, once);
    },
  ),
);

const evidence = fc.tuple(position, position).map(([which, at]) =>
  command(
    `late evidence of a stale attempt (${which}, ${at})`,
    (model) => model.staleAttempts.length > 0,
    async (model) => {
      const stale = pick(model.staleAttempts, which);
      const [i, kind] = pick([...(stale?.known ?? [])], at) ?? [];
      if (stale?.page === undefined || i === undefined || (kind !== 'sent' && kind !== 'failed')) return;
      const reported = { class: 'late', code: null, reply: null, at: now(), by: stale.token };
      const { account, _id } = stale.page;
      await uncertainRecipients(model.store).recordLateEvidence(account, _id, { i, kind, ...reported });
    },
  ),
);

const sweeps = fc.boolean().map((wrongly) =>
  command(
    `sweep${wrongly ? ' of live owners' : ''}`,
    () => true,
    async (model) => {
      const { account, campaign } = keyOf(model);
      const swept = await ledger(model.store, wrongly ? WRONG_LEASE : FAIR_LEASE).sweep(account, campaign);
      if (swept !== undefined) await publishEntries(model, swept, swept.exceptions.slice(swept.published));
    },
  ),
);

export const pageCommands = [
  ...Array<typeof acts>(14).fill(acts),
  ...Array<typeof resolves>(7).fill(resolves),
  ...[deliveries, deliveries, staleWrites, evidence, evidence, sweeps],
];
