import { setCurrentDetails } from '@temporalio/workflow';
import { type ConfirmationInput, confirmationRowChanged } from '../messages/confirmation.js';
import { listenForChanges, millisecondsUntil, shownTime } from '../run.js';
import { quickSteps } from '../steps.js';

/** Asks a new subscriber by mail to confirm, reminds them once, and expires the request if no answer comes. */
export async function confirmation(input: ConfirmationInput): Promise<string> {
  const changes = listenForChanges(confirmationRowChanged, 'The row has changed: check whether the request is over');
  /** Waits until the deadline; false as soon as the request is over. */
  const pendingAt = async (deadline: string, what: string): Promise<boolean> => {
    setCurrentDetails(`**open**: waits for the answer; ${what} at ${shownTime(deadline)}`);
    while (await changes.within(millisecondsUntil(deadline), what)) {
      if (!(await quickSteps('is the request still open?').isConfirmationPending(input))) return false;
    }
    return true;
  };
  const deadlines = await quickSteps('mails the request').requestConfirmation(input);
  if (deadlines !== null && (await pendingAt(deadlines.remindAt, 'reminds the person'))) {
    await quickSteps('mails the reminder').sendConfirmationReminder(input);
    if (await pendingAt(deadlines.expiresAt, 'the request expires'))
      await quickSteps('the request has expired').expireConfirmation(input);
  }
  const state = await quickSteps('reads how the request ended').confirmationState(input);
  setCurrentDetails(`**${state}**`);
  return state;
}
