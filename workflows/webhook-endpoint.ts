import { condition, continueAsNew, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { type EndpointInput, lookAtEndpoint } from './messages.js';
import { outgrown } from './outgrown.js';
import { hookSteps } from './steps.js';

/** Temporal suggests an end at 4,096 events; a run ends well before, so that it never reaches 5,000. */
const LONGEST_HISTORY = 3_000;
/** A wait ends a little after the time that is due, not a little before. */
const LEAST_WAIT = 100;

/** Brings events to one endpoint as long as any are owed to it; how far it is stands in the endpoint's row. */
export async function webhookEndpoint(input: EndpointInput): Promise<string> {
  const { untilNews, isQuiet } = listenForNews();
  for (;;) {
    const pass = await hookSteps().deliverEvents(input);
    setCurrentDetails(
      `${pass.kind === 'waiting' ? `Goes on at ${pass.until}` : 'Delivers'}, at place **${pass.place}**`,
    );
    if (pass.kind === 'waiting') await untilNews(Date.parse(pass.until) - Date.now());
    if ((pass.kind === 'idle' || pass.kind === 'off') && isQuiet()) return pass.kind;
    if (outgrown(input, LONGEST_HISTORY)) await continueAsNew<typeof webhookEndpoint>(input);
  }
}

function listenForNews() {
  let news = false;
  setHandler(lookAtEndpoint, () => {
    news = true;
  });
  return {
    /** Returns after so many milliseconds, or when there is something to deliver. */
    untilNews: async (ms: number): Promise<void> => {
      await condition(() => news, Math.max(ms, LEAST_WAIT));
      news = false;
    },
    /** Whether nobody has called since this was asked last. */
    isQuiet: (): boolean => {
      const quiet = !news;
      news = false;
      return quiet;
    },
  };
}
