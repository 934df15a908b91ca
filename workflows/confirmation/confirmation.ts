import { condition, setHandler } from '@temporalio/workflow';
import { type ConfirmationInput, confirmationRowChanged } from '../messages.js';
import { quickSteps } from '../steps.js';

/** Asks somebody by mail whether they want to be on a list, reminds them once, and lets the request go in the end. */
export async function confirmation(input: ConfirmationInput): Promise<string> {
  const { requestConfirmation, sendConfirmationReminder, expireConfirmation, confirmationState } = quickSteps();
  const { pendingAt } = listenForChanges(input);
  const deadlines = await requestConfirmation(input);
  if (deadlines !== null && (await pendingAt(deadlines.remindAt))) {
    await sendConfirmationReminder(input);
    if (await pendingAt(deadlines.expiresAt)) await expireConfirmation(input);
  }
  return confirmationState(input);
}

function listenForChanges(input: ConfirmationInput) {
  let changed = false;
  setHandler(confirmationRowChanged, () => {
    changed = true;
  });
  return {
    /** Waits until then, or until the row says that the request is over. */
    pendingAt: async (deadline: string): Promise<boolean> => {
      const { isConfirmationPending } = quickSteps();
      while (await condition(() => changed, Math.max(1, Date.parse(deadline) - Date.now()))) {
        changed = false;
        if (!(await isConfirmationPending(input))) return false;
      }
      return true;
    },
  };
}
