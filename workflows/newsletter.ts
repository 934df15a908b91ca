import { condition, setHandler } from '@temporalio/workflow';
import { lookAtNewsletter, type NewsletterInput } from './messages/newsletter.js';
import { quickSteps } from './steps.js';

/** Makes a newsletter's Schedule what its row says; a change meanwhile is looked at too. */
export async function newsletter(input: NewsletterInput): Promise<void> {
  let news = true;
  const hear = () => {
    news = true;
  };
  setHandler(lookAtNewsletter, hear, { description: 'The row has changed: compare the Schedule with it' });
  while (await condition(() => news, 1)) {
    news = false;
    await quickSteps().keepSchedule(input);
  }
}
