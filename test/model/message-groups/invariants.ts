import { FINAL_STATES } from '../../../domain/message/message.js';
import type { Message } from '../../../store/messages/row.js';
import { Broken, checkRow } from '../message/model.js';
import { type GroupModel, rowNow } from './model.js';
import type { Holding } from './process.js';

/** Checks what holds at any time. */
export async function checkAlways(model: GroupModel): Promise<void> {
  if (model.failure !== undefined) throw model.failure;
  const [rows, stored] = await Promise.all([model.rows(), model.eventIds()]);
  rows.forEach((row, i) => {
    checkRow(row, model.receiver, i + 1);
    const expected = eventsOf(row);
    const published = [...stored].filter((id) => id.startsWith(`message:${row._id}:`));
    if (!published.every((id) => expected.includes(id))) throw new Broken(6, 'an event of what did not happen');
    // The sweep does not look at this row any more.
    if (row.sweep_at === null && published.length < expected.length) throw new Broken(6, 'an event is lost');
  });
}

/** Checks that each message is final and has exactly its events. */
export async function checkEnd(model: GroupModel): Promise<void> {
  await checkAlways(model);
  for (const { state, sweep_at } of await model.rows()) {
    if (!FINAL_STATES.includes(state)) throw new Broken(7, `after the faults have stopped it is ${state}`);
    if (sweep_at !== null) throw new Broken(7, 'after the faults have stopped it is not published');
  }
}

/** A claim that was answered as lost is not ours: nothing would be handed over, and its lease would end in doubt. */
export async function checkLost(model: GroupModel, { row, token }: Holding): Promise<void> {
  const now = await rowNow(model, row._id);
  if (now.token === token && now.state === 'sending') throw new Broken('of the bound', 'an own claim counts as lost');
}

function eventsOf({ _id, attempts, state }: Message): string[] {
  const cancelled = state === 'cancelled' ? ['cancelled'] : [];
  return ['accepted', ...attempts.map((_, i) => i), ...cancelled].map((which) => `message:${_id}:${which}`);
}
