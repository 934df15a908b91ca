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
import { type CampaignModel, progressOf, rowOf } from './model.js';
import { someFaults } from './page-commands.js';
import { endCancelled, somethingIsDeferred } from './recovery.js';

const MOST_ROUNDS = 3;

const freezes = fc.tuple(fc.nat({ max: 1 }), fc.integer({ min: 1, max: 3 }), someFaults).map(([at, steps, faults]) =>
  command(
    `${steps} step(s) of freezer ${at} [${faults}]`,
    () => true,
    async (model) => {
      const freezer = model.freezers[at];
      if (freezer === undefined) return;
      if (freezer.connection.operation !== undefined) return resume(freezer.connection);
      freezer.connection.faults.splice(0, Infinity, ...faults);
      for (let step = 0; step < steps && freezer.connection.operation === undefined; step++)
        await freeze(model, freezer);
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
  await rounds(model.store).expire(model.key.account, model.key.campaign);
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
        const { state, round } = await rowOf(model);
        model.round = Math.max(0, round);
        if (state === 'sent') return retry(model, takes, only);
        if (state === 'freezing' && (await isFrozen(model, 0))) await progressOf(model).completeFreeze(model.key, 1);
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

const cancels = fc.nat({ max: 14 }).map((chance) =>
  command(
    'cancel, sweep and cut',
    () => chance === 0,
    async (model) => {
      const row = await rowOf(model);
      if (row.state !== 'sending' && row.state !== 'freezing' && row.state !== 'cancelled') return;
      if (row.state !== 'cancelled') await campaigns(model.store).cancel(row);
      await endCancelled(model);
    },
  ),
);

async function isFrozen(model: CampaignModel, round: number): Promise<boolean> {
  return (await rounds(model.store).lastPage({ ...keyOf(model), round }))?.last === true;
}

async function isThrough(model: CampaignModel, round: number): Promise<boolean> {
  const key = { ...keyOf(model), round };
  return (await isFrozen(model, round)) && (await ledger(model.store, 0).openPages(key)) === 0;
}

export const campaignCommands = [freezes, freezes, goesOn, goesOn, goesOn, leaves, cancels];
