import { type ConfirmationInput, confirmationRowChanged } from '../messages/confirmation.js';
import { listenForChanges, millisecondsUntil } from '../run.js';
import { quickSteps } from '../steps.js';

/** Asks a new subscriber by mail to confirm, reminds them once, and expires the request if no answer comes. */
export async function confirmation(input: ConfirmationInput): Promise<string> {
  const quick = quickSteps();
  const changes = listenForChanges(confirmationRowChanged, 'The row has changed: check whether the request is over');
  /** Waits until the deadline; false as soon as the request is over. */
  const pendingAt = async (deadline: string): Promise<boolean> => {
    while (await changes.within(millisecondsUntil(deadline))) {
      if (!(await quick.isConfirmationPending(input))) return false;
    }
    return true;
  };
  const deadlines = await quick.requestConfirmation(input);
  if (deadlines !== null && (await pendingAt(deadlines.remindAt))) {
    await quick.sendConfirmationReminder(input);
    if (await pendingAt(deadlines.expiresAt)) await quick.expireConfirmation(input);
  }
  return quick.confirmationState(input);
}
