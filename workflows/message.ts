import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import type { FirstStanding } from '../activities/message.js';
import { lookAtMessage, type MessageInput } from './messages.js';
import { firstLook, messageSteps } from './steps.js';

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;

/** Brings one accepted message to its end; what happens to it is decided by its row, and this keeps looking after it. */
export async function message(input: MessageInput): Promise<string> {
  const { untilNews } = listenForNews();
  let downs = 0;
  let standing = await beginAtOnce(input);
  while (standing.kind !== 'final') {
    if (standing.kind === 'waiting') await untilNews(Date.parse(standing.until) - Date.now());
    if (standing.kind === 'busy') await untilNews(standing.wait);
    if (standing.kind === 'transport_down') await untilNews(Math.min(FIRST_WAIT * 2 ** downs++, LONGEST_WAIT));
    else downs = 0;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof message>(input);
    standing = await messageSteps().deliverMessage(input);
  }
  return standing.state;
}

/** Without a task of its own: it saves half of the way to the mail server. Whatever goes wrong here, the next look repairs. */
async function beginAtOnce(input: MessageInput): Promise<FirstStanding> {
  try {
    return await firstLook().beginMessage(input);
  } catch {
    return { kind: 'under_way' };
  }
}

function listenForNews() {
  let news = false;
  setHandler(lookAtMessage, () => {
    news = true;
  });
  return {
    /** Returns after so many milliseconds, or when the row has changed. Never at once: our clock may be ahead of the store's. */
    untilNews: async (ms: number): Promise<void> => {
      await condition(() => news, Math.max(ms, FIRST_WAIT / 4));
      news = false;
    },
  };
}
