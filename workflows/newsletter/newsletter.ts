import { type NewsletterInput, newsletterRowChanged } from '../messages/newsletter.js';
import { listenForChanges } from '../run.js';
import { quickSteps } from '../steps.js';

/** Reconciles a newsletter's Schedule with its row, again if the row changes meanwhile. */
export async function newsletter(input: NewsletterInput): Promise<void> {
  const changes = listenForChanges(newsletterRowChanged, 'The row has changed: compare the Schedule with it');
  do {
    changes.acknowledge();
    await quickSteps('compares the Schedule with the row').reconcileSchedule(input);
  } while (await changes.within(1, 'looks for a further change'));
}
