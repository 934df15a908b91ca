import { continueAsNew, setCurrentDetails } from '@temporalio/workflow';
import type { PassResult } from '../../activities/webhook/delivery.js';
import { type EndpointInput, endpointRowChanged } from '../messages/endpoint.js';
import { historyExceeds, listenForChanges, shownTime } from '../run.js';
import { hookSteps } from '../steps.js';

/** Temporal suggests an end at 4,096 events; a run ends well before, so that it never reaches 5,000. */
const LONGEST_HISTORY = 3_000;
/** The least wait: a wait must not end before the due time. */
const LEAST_WAIT = 100;

/** Delivers events to one endpoint until none is due. The endpoint's row stores the progress. */
export async function webhookEndpoint(input: EndpointInput): Promise<string> {
  const changes = listenForChanges(endpointRowChanged, 'Events are due: deliver them now');
  for (;;) {
    const pass = await hookSteps('delivers the events that are due').deliverEvents(input);
    setCurrentDetails(detailsOf(pass));
    if (pass.kind === 'waiting') {
      await changes.within(Math.max(Date.parse(pass.until) - Date.now(), LEAST_WAIT), 'delivers again');
    }
    if ((pass.kind === 'idle' || pass.kind === 'off') && !changes.acknowledge()) return pass.kind;
    if (historyExceeds(input, LONGEST_HISTORY)) await continueAsNew<typeof webhookEndpoint>(input);
  }
}

const SENTENCES = {
  more: 'Delivers events.',
  idle: 'Every event is delivered.',
  off: 'The endpoint is disabled or deleted.',
} as const;

function detailsOf(pass: PassResult): string {
  const sentence = pass.kind === 'waiting' ? waitingSentence(pass) : SENTENCES[pass.kind];
  return `${sentence}\n\nSequence number: ${pass.sequence}`;
}

function waitingSentence({ until, failing }: Extract<PassResult, { kind: 'waiting' }>): string {
  const again = `Delivers again at ${shownTime(until)}.`;
  if (failing === undefined) return again;
  const { since, failures, last } = failing;
  const reason = last === undefined ? '' : `; the last attempt: ${last}`;
  return `**failing** since ${shownTime(since)}, ${failures} attempts in a row${reason}. ${again}`;
}
