import { condition, setHandler } from '@temporalio/workflow';
import { type NewsletterInput, newsletterRowChanged } from '../messages/newsletter.js';
import { quickSteps } from '../steps.js';

/** Makes a newsletter's Schedule what its row says; a change meanwhile is looked at too. */
export async function newsletter(input: NewsletterInput): Promise<void> {
  let changed = true;
  const onChange = () => {
    changed = true;
  };
  setHandler(newsletterRowChanged, onChange, { description: 'The row has changed: compare the Schedule with it' });
  while (await condition(() => changed, 1)) {
    changed = false;
    await quickSteps().reconcileSchedule(input);
  }
}
