import fc from 'fast-check';
import { now } from '../../../clock.js';
import type { RetriedKind } from '../../../domain/campaign/campaign.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { ledger } from '../../../store/campaigns/ledger.js';
import { rounds } from '../../../store/campaigns/rounds.js';
import { resume } from '../network.js';
import { command } from './command.js';
import { freeze, keyOf } from './freezer.js';
import { Broken } from './invariants.js';
import { type CampaignModel, pagesOf, progressOf, rowOf } from './model.js';
import { someBatchFaults } from './page-commands.js';
import { endCancelled, somethingIsDeferred } from './recovery.js';

const MOST_ROUNDS = 3;

const turns = fc.array(fc.nat({ max: 1 }), { minLength: 1, maxLength: 5 });

const freezes = fc.tuple(turns, someBatchFaults).map(([order, faults]) =>
  command(
    `steps of the freezers ${order} [${faults}]`,
    () => true,
    async (model) => {
      model.freezers[order[0] ?? 0]?.connection.faults.splice(0, Infinity, ...faults);
      for (const at of order) {
        const freezer = model.freezers[at];
        if (freezer === undefined) continue;
        if (freezer.connection.operation !== undefined) await resume(freezer.connection);
        else await freeze(model, freezer);
      }
    },
  ),
);

/** Opens the next round if recipients wait for one: once, also when called repeatedly. */
async function openNext(model: CampaignModel, round: number, twice: boolean): Promise<boolean> {
  const { rounds: opened } = await rowOf(model);
  const resend = model.resends && !opened.some(({ takes }) => takes.includes('uncertain'));
  if (round >= MOST_ROUNDS || !(resend || (await somethingIsDeferred(model)))) return false;
  const takes: RetriedKind[] = resend ? ['deferred', 'uncertain'] : ['deferred'];
  const open = () => progressOf(model).openRound(model.key, round + 1, { takes, due: now() });
  const done = [await open(), twice && (await open())];
  if (done.filter(Boolean).length > 1) throw new Broken(5, `round ${round + 1} was opened twice`);
  return true;
}

async function endIt(model: CampaignModel, round: number): Promise<string> {
  await rounds(model.store).expire({ ...model.key, round });
  await progressOf(model).close(model.key, round, 'sent');
  return 'and ends';
}

const kinds = fc.constantFrom<RetriedKind[]>(['failed'], ['uncertain'], ['failed', 'uncertain']);

const goesOn = fc
  .record({ twice: fc.boolean(), takes: kinds, only: fc.option(fc.nat({ max: 3 })) })
  .map(({ twice, takes, only }) =>
    command(
      'the workflow continues',
      () => true,
      async (model) => {
        const { state, round, closed_at } = await rowOf(model);
        model.round = Math.max(0, round);
        if (state === 'sent') return retry(model, takes, only);
        if (state === 'cancelled' && closed_at !== null) return retry(model, ['unsent', ...takes], only);
        if (state === 'freezing' && (await pagesOf(model)).length > 0) await progressOf(model).beginSending(model.key);
        if (state !== 'sending' || !(await isThrough(model, round))) return 'but the round is not finished';
        return (await openNext(model, round, twice)) ? 'with a next round' : endIt(model, round);
      },
    ),
  );

/** An operator's retry by a double click, of all recipients or all but every fourth. */
async function retry(model: CampaignModel, takes: readonly RetriedKind[], only: number | null): Promise<string> {
  const seen = await rowOf(model);
  if (seen.round >= MOST_ROUNDS) return 'no more';
  const chosen = only === null ? {} : { only: model.list.filter((_, k) => k % 4 !== only) };
  const round = { takes, due: now(), ...chosen };
  const clicks = await Promise.all([1, 2].map(() => campaigns(model.store).reopen(seen, round)));
  if (clicks.filter(Boolean).length !== 1) throw new Broken(1, 'a double click did not make one round');
  return `by a retry of ${takes}`;
}

const leaves = fc.nat({ max: 11 }).map((which) =>
  command(
    `subscriber ${which} leaves`,
    (model) => model.left.size < 3,
    (model) => {
      const id = model.list[which];
      if (id !== undefined) model.left.add(id);
    },
  ),
);

/** A cancel during the freeze is likelier, because that time is short. */
const cancels = fc.nat({ max: 14 }).map((chance) =>
  command(
    'cancel, sweep and cut',
    () => chance < 4,
    async (model) => {
      if (chance > 0 && (await pagesOf(model)).some((page) => page.last)) return;
      const row = await rowOf(model);
      if (row.state !== 'sending' && row.state !== 'freezing' && row.state !== 'cancelled') return;
      if (row.closed_at !== null) return;
      if (row.state !== 'cancelled') await campaigns(model.store).cancel(row);
      model.wasCancelled = true;
      await endCancelled(model);
    },
  ),
);

async function isThrough(model: CampaignModel, round: number): Promise<boolean> {
  if (model.mutation.endsEarly === true) return (await pagesOf(model)).every((page) => page.done);
  return (await ledger(model.store, 0).roundState({ ...keyOf(model), round })) === 'over';
}

export const campaignCommands = [freezes, freezes, goesOn, goesOn, goesOn, leaves, cancels];
