import type { Message } from '../../../store/messages/row.js';
import { DUPLICATE_KEY } from '../../../store/mongo/duplicate-key.js';
import type { GroupModel } from './model.js';
import { claim, hand, overtake, publish, settle } from './operations.js';
import { aProcess, resumeAll } from './process.js';

/** Attempts, and the sweeps between them, after which every message must be final and published. */
const SWEEPS = 5;

/** Ends all processes, applies half of the pending writes, and lets the sweep of healthy processes finish (invariant 7). */
export async function recover(model: GroupModel): Promise<void> {
  const all = [...model.processes, ...model.dead];
  for (const process of all) {
    process.isAlive = false;
    process.faults.length = 0;
    process.readFaults.length = 0;
  }
  for (const process of all) await resumeAll(process);
  for (const write of model.underway.splice(0, Math.ceil(model.underway.length / 2))) await applyLate(write);
  for (let pass = 0; pass < SWEEPS && (await toSweep(model)).length > 0; pass++) await sweepOnce(model);
}

/** A late append may find its events stored. */
export async function applyLate(write: () => Promise<unknown>): Promise<void> {
  await write().catch((error: { readonly code?: unknown }) => {
    if (error.code !== DUPLICATE_KEY) throw error;
  });
}

/** The rows that the sweep still checks, a lease later. */
async function toSweep(model: GroupModel): Promise<Message[]> {
  return (await model.rows()).filter(({ sweep_at }) => sweep_at !== null);
}

async function sweepOnce(model: GroupModel): Promise<void> {
  const process = aProcess(model);
  await overtake(model, process, await toSweep(model));
  const rows = await toSweep(model);
  await claim(model, process, rows);
  const { open, resolve } = model.receiver;
  const before = open.length;
  hand(model, process, rows);
  while (open.length > before) resolve(before, 'accept');
  await settle(model, process, rows);
  await publish(model, process, await toSweep(model));
}
