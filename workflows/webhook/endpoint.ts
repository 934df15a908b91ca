import { condition, continueAsNew, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { historyExceeds } from '../history-limit.js';
import { type EndpointInput, endpointRowChanged } from '../messages.js';
import { hookSteps } from '../steps.js';

/** Temporal suggests an end at 4,096 events; a run ends well before, so that it never reaches 5,000. */
const LONGEST_HISTORY = 3_000;
/** A wait ends a little after the time that is due, not a little before. */
const LEAST_WAIT = 100;

/** Brings events to one endpoint as long as any are owed to it; how far it is stands in the endpoint's row. */
export async function webhookEndpoint(input: EndpointInput): Promise<string> {
  const { untilChanged, isUnchanged } = listenForChanges();
  for (;;) {
    const pass = await hookSteps().deliverEvents(input);
    setCurrentDetails(
      `${pass.kind === 'waiting' ? `Goes on at ${pass.until}` : 'Delivers'}, at place **${pass.sequence}**`,
    );
    if (pass.kind === 'waiting') await untilChanged(Date.parse(pass.until) - Date.now());
    if ((pass.kind === 'idle' || pass.kind === 'off') && isUnchanged()) return pass.kind;
    if (historyExceeds(input, LONGEST_HISTORY)) await continueAsNew<typeof webhookEndpoint>(input);
  }
}

function listenForChanges() {
  let changed = false;
  setHandler(endpointRowChanged, () => {
    changed = true;
  });
  return {
    /** Returns after so many milliseconds, or when there is something to deliver. */
    untilChanged: async (ms: number): Promise<void> => {
      await condition(() => changed, Math.max(ms, LEAST_WAIT));
      changed = false;
    },
    /** Whether nobody has called since this was asked last. */
    isUnchanged: (): boolean => {
      const quiet = !changed;
      changed = false;
      return quiet;
    },
  };
}
