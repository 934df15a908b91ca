import { now } from '../../../clock.js';
import type { Fate } from '../../../domain/delivery/outcome.js';
import { FINAL_STATES } from '../../../domain/message/message.js';
import { stepAfter, stepOfEvidence, stepOfLostOwner, stepOfRefusal } from '../../../domain/message/step.js';
import { messages } from '../../../store/messages/messages.js';
import type { Message } from '../../../store/messages/row.js';
import { issue, resume } from '../network.js';
import type { Reply } from '../receiver.js';
import { alive, anOwner, type MessageModel, type Owner, open, rowOf, WRONG_LEASE } from './model.js';

/** Runs the next action of an owner. `dice` (0 to 99) chooses among those its state allows. Returns a description. */
export async function act(model: MessageModel, at: number, dice: number): Promise<string> {
  const owner = model.owners[at];
  if (owner === undefined) return 'nothing';
  if (dice < 8) return crash(model, at, owner);
  if (owner.connection.operation !== undefined)
    return dice < 60 ? 'wait' : resume(owner.connection).then(() => 'the connection resumes');
  if (owner.state === 'idle') return checkRow(model, owner, dice);
  if (owner.known === undefined) return hand(model, owner);
  if (owner.known === 'open') return dice < 60 ? 'wait' : renew(owner);
  return settle(model, at, owner);
}

function crash(model: MessageModel, at: number, owner: Owner): string {
  owner.state = 'dead';
  model.dead.push(owner);
  model.owners[at] = anOwner(model);
  return 'crash';
}

async function checkRow(model: MessageModel, owner: Owner, dice: number): Promise<string> {
  const row = await rowOf(model);
  if (FINAL_STATES.includes(row.state)) return 'nothing to do';
  if (row.state !== 'sending') return row.expires_at <= now() ? expire(owner, row) : claim(model, owner, row);
  // A live claim may be taken for expired at any time.
  return dice < 40 ? overtake(owner, row) : 'busy';
}

export async function claim(model: MessageModel, owner: Owner, row: Message): Promise<string> {
  owner.row = row;
  await issue(owner.connection, async () => {
    const claiming = open(owner).claim(row, owner.token, alive(owner));
    if (model.mutation.handsOverEarly) hand(model, owner);
    if ((await claiming) === 'done' && owner.state !== 'dead') owner.state = 'owning';
  });
  return 'claim';
}

export function hand(model: MessageModel, owner: Owner): string {
  if (owner.known !== undefined) return 'is open';
  owner.known = 'open';
  const answer = (reply: Reply) => {
    owner.known = reply;
  };
  model.receiver.hand({ round: (owner.row?.attempt ?? 0) + 1, id: 1, answer });
  return 'hand over';
}

async function renew(owner: Owner): Promise<string> {
  const { row } = owner;
  if (row !== undefined)
    await issue(owner.connection, async () => void (await open(owner).renew(row, owner.token, alive(owner))));
  return 'renew';
}

export async function settle(model: MessageModel, at: number, owner: Owner): Promise<string> {
  const { row, token, known } = owner;
  if (row === undefined || known === undefined || known === 'open') return 'nothing';
  const facts = { n: row.attempt + 1, at: now(), mayResend: mayResend(row), inDoubt: row.resent };
  const step = stepAfter(fateOf(known), { ...facts, firstRetry: 0, chance: 0 });
  await issue(owner.connection, async () => {
    const verdict = await open(owner).settle(row, token, step, alive(owner));
    const certain = step.state === 'sent' || step.state === 'failed' ? step.state : undefined;
    if (verdict === 'lost' && certain !== undefined && owner.state !== 'dead') {
      await open(owner)
        .recordLateEvidence(row.account, row._id, stepOfEvidence(facts, certain, step.entry), token)
        .catch(repeated);
    }
    if (owner.state !== 'dead') model.owners[at] = anOwner(model);
  });
  return `settle ${known}`;
}

async function overtake(owner: Owner, row: Message): Promise<string> {
  const step = stepOfLostOwner({ n: row.attempt, at: now(), mayResend: mayResend(row) }, 0);
  await issue(owner.connection, async () => {
    await open(owner, WRONG_LEASE).takeOver(row, step).catch(repeated);
  });
  return 'overtake';
}

async function expire(owner: Owner, row: Message): Promise<string> {
  const step = stepOfRefusal(
    { n: row.attempt, at: now(), inDoubt: row.resent },
    { class: 'expired', code: null, reply: null },
  );
  await issue(owner.connection, async () => void (await open(owner).expire(row, step).catch(repeated)));
  return 'expire';
}

export async function cancel(model: MessageModel): Promise<void> {
  await messages(model.store).cancel(7, model.id);
}

/** An activity whose write had no answer is retried and reads the row again. */
function repeated(): null {
  return null;
}

const WHY = { class: 'model', scope: 'message', code: null, reply: null } as const;

export function fateOf(reply: Reply): Fate {
  if (reply === 'sent') return { kind: 'sent' };
  return { ...WHY, kind: reply === 'again' ? 'deferred' : reply };
}

export function mayResend({ resend_if_uncertain, resent }: Message): boolean {
  return resend_if_uncertain && !resent;
}
