import { condition, setHandler } from '@temporalio/workflow';
import { type ConfirmationInput, lookAtConfirmation } from './messages.js';
import { quickSteps } from './steps.js';

/** Asks somebody by mail whether they want to be on a list, reminds them once, and lets the request go in the end. */
export async function confirmation(input: ConfirmationInput): Promise<string> {
  const { askForConfirmation, remindOfConfirmation, expireConfirmation, confirmationState } = quickSteps();
  const { unansweredAt } = listenForAnswers(input);
  const asked = await askForConfirmation(input);
  if (asked !== null && (await unansweredAt(asked.remindAt))) {
    await remindOfConfirmation(input);
    if (await unansweredAt(asked.expiresAt)) await expireConfirmation(input);
  }
  return confirmationState(input);
}

function listenForAnswers(input: ConfirmationInput) {
  let news = false;
  setHandler(lookAtConfirmation, () => {
    news = true;
  });
  return {
    /** Waits until then, or until the row says that the request is over. */
    unansweredAt: async (deadline: string): Promise<boolean> => {
      const { confirmationStillWaits } = quickSteps();
      while (await condition(() => news, Math.max(1, Date.parse(deadline) - Date.now()))) {
        news = false;
        if (!(await confirmationStillWaits(input))) return false;
      }
      return true;
    },
  };
}
