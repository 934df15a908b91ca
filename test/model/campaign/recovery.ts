import { now } from '../../../clock.js';
import { ledger } from '../../../store/campaigns/ledger.js';
import { rounds } from '../../../store/campaigns/rounds.js';
import { type Connection, resume } from '../network.js';
import { advance, anAttempt, close, hand, publish, publishEntries, take, WRONG_LEASE, waiting } from './attempt.js';
import { freeze, keyOf } from './freezer.js';
import { type Attempt, aToken, type CampaignModel, pagesOf, progressOf, rowOf } from './model.js';

const MOST_ROUNDS = 4;

/** Stops the faults, ends all attempts and lets one healthy worker finish the campaign (invariant 7). */
export async function recover(model: CampaignModel): Promise<void> {
  await killAll(model);
  await deliver(model.underway.splice(0, Math.ceil(model.underway.length / 2)));
  for (let pass = 0; pass < 40; pass++) {
    const row = await rowOf(model);
    if (row.state === 'sent') return;
    if (row.state === 'cancelled') return row.closed_at === null ? endCancelled(model) : undefined;
    await freezeAll(model);
    await workAll(model);
    await goOn(model);
  }
}

/** Applies the pending writes twice after the end, and accepts the uncertain mail. */
export async function applyLateWrites(model: CampaignModel): Promise<void> {
  await deliver([...model.underway, ...model.underway]);
  while (model.receiver.open.length > 0) model.receiver.resolve(0, 'drop_accepted');
}

async function killAll(model: CampaignModel): Promise<void> {
  const attempts = [...model.slots, ...model.staleAttempts, ...model.crashed];
  for (const attempt of attempts) attempt.state = 'dead';
  for (const { connection } of [...attempts, ...model.freezers]) {
    connection.faults.length = 0;
    await untilThrough(connection);
  }
}

async function untilThrough(connection: Connection): Promise<void> {
  while (connection.parked !== undefined) await resume(connection);
  await connection.operation;
}

async function deliver(writes: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const write of writes) await write().catch(refusedAsDuplicate);
}

/** Ignores the error for a page that already exists. */
export function refusedAsDuplicate(error: unknown): void {
  if ((error as { code?: unknown }).code !== 11_000) throw error;
}

async function freezeAll(model: CampaignModel): Promise<void> {
  const [freezer] = model.freezers;
  if (freezer === undefined) return;
  freezer.phase = 'open';
  for (let pass = 0; pass < 40 && !(await freeze(model, freezer)); pass++);
  const row = await rowOf(model);
  model.round = row.round;
  if (row.state === 'freezing') await progressOf(model).beginSending(model.key);
}

async function workAll(model: CampaignModel): Promise<void> {
  for (let page = 0; page < 20; page++) {
    const worker = anAttempt(model, aToken(model));
    await take(model, worker, WRONG_LEASE);
    if (worker.page === undefined) return;
    await workPage(model, worker, worker.page.n);
  }
}

async function workPage(model: CampaignModel, worker: Attempt, n: number): Promise<void> {
  for (let pass = 0; pass < 40 && (worker.page?.settled ?? n) < n; pass++) {
    await advance(model, worker, 2);
    for (const i of waiting(worker)) {
      hand(model, worker, i);
      model.receiver.resolve(
        model.receiver.open.length - 1,
        isDeferredTwice(model, worker.page?.ids[i]) ? 'defer' : 'accept',
      );
    }
  }
  await publish(model, worker);
  await advance(model, worker, 0);
  await close(worker);
}

/** The first recipient is accepted in the third round only, so that every run has several rounds. */
function isDeferredTwice({ list, round }: CampaignModel, id: number | undefined): boolean {
  return id === list[0] && round < 2;
}

/** The workflow after a round: opens the next one while recipients are deferred, then ends. */
async function goOn(model: CampaignModel): Promise<void> {
  const { round } = await rowOf(model);
  if (round < MOST_ROUNDS && (await somethingIsDeferred(model))) {
    await progressOf(model).openRound(model.key, round + 1, { takes: ['deferred'], due: now() });
    return;
  }
  await rounds(model.store).expire({ ...model.key, round });
  await progressOf(model).close(model.key, round, 'sent');
}

export async function somethingIsDeferred(model: CampaignModel): Promise<boolean> {
  const pages = await pagesOf(model);
  return pages.some((page) => page.exceptions.some((entry) => entry.kind === 'deferred' && entry.next === null));
}

/** After a cancel: completes the open round or ends its chain, marks mail in flight as uncertain and cuts the pages. */
export async function endCancelled(model: CampaignModel): Promise<void> {
  const { account, campaign } = keyOf(model);
  const { round } = await rowOf(model);
  if (round > 0) await freezeAll(model);
  if (round === 0 && model.mutation.leavesChainOpen !== true)
    await rounds(model.store).endChain({ ...model.key, round });
  while ((await ledger(model.store, WRONG_LEASE).sweep(account, campaign)) !== undefined);
  for await (const page of rounds(model.store).idlePages({ ...model.key, round })) {
    await publishEntries(model, page, page.exceptions.slice(page.published));
    await rounds(model.store).closeUnclaimed(page);
  }
  await progressOf(model).closeCancelled(model.key, round);
}
