import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { CampaignInput } from '../messages/campaign.js';
import { millisecondsUntil } from '../run.js';
import { heavySteps, localSteps } from '../steps.js';
import type { Operators } from './operators.js';
import { isLong, sendRound } from './round.js';

type Sent = 'sent' | 'refused';

/**
 * Freezes the current round and sends it. Its lanes begin once its first pages may be mailed, while the others are created.
 * `refused`: the campaign may not be mailed now, and is paused.
 */
export async function freezeAndSend(input: CampaignInput, operators: Operators): Promise<Sent> {
  const { result } = operators.apply(await localSteps('opens the round').beginRound(input));
  if (result === 'refused') return 'refused';
  if (result === 'begun') return sendWhileFreezing(input, operators);
  if (result === 'unfinished' && (await freezeAll(input, operators)) === 'refused') return 'refused';
  return sendWhenDue(input, operators);
}

async function sendWhileFreezing(input: CampaignInput, operators: Operators): Promise<Sent> {
  const scope = new CancellationScope();
  const sending = sendWhenDue(input, operators).finally(() => {
    if (operators.finished()) scope.cancel();
  });
  const freezing = scope
    .run(() => freezeAll(input, operators))
    .catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
  const [sent] = await Promise.all([sending, freezing]);
  return sent;
}

async function freezeAll(input: CampaignInput, operators: Operators) {
  return operators.apply(await heavySteps(`writes the pages of round ${operators.plan().round}`).freezeAudience(input))
    .result;
}

async function sendWhenDue(input: CampaignInput, operators: Operators): Promise<'sent'> {
  while (!operators.finished() && !isLong(input) && millisecondsUntil(operators.plan().due) > 0) {
    const { due, round } = operators.plan();
    await operators.updatedWithin(millisecondsUntil(due), `round ${round} begins`);
  }
  await sendRound(input, operators);
  return 'sent';
}
