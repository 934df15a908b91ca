import { proxyActivities, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { ImportPass, subscriberImportActivities } from '../../activities/subscriber/import.js';
import type { ImportInput } from '../messages/import.js';
import { queuesOf } from '../names.js';
import { timer } from '../run.js';

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;

/** Imports one uploaded file pass by pass. The import's row stores the progress, so a crash loses none. */
export async function subscriberImport(input: ImportInput): Promise<ImportPass> {
  for (let waits = 0, passes = 1; ; passes += 1) {
    const pass = await importSteps(`pass ${passes}`).importNextRows(input);
    setCurrentDetails(detailsOf(pass));
    if (pass.kind === 'busy') {
      const wait = Math.min(FIRST_WAIT * 2 ** waits, LONGEST_WAIT);
      await sleep(wait, timer('an earlier import of this list is under way: looks again', wait));
      waits += 1;
    } else if (pass.kind !== 'more') {
      return pass;
    }
  }
}

function detailsOf({ kind, rows }: ImportPass): string {
  if (kind === 'busy') return '**queued**: an earlier import of this list is under way';
  return `**${kind === 'more' ? 'running' : kind}**: ${rows} rows imported`;
}

/** Minutes of work with a checkpoint every few hundred milliseconds; the heartbeat timeout detects a lost worker. */
function importSteps(summary: string) {
  return proxyActivities<ReturnType<typeof subscriberImportActivities>>({
    summary,
    taskQueue: queuesOf(workflowInfo().taskQueue).steps,
    startToCloseTimeout: '10m',
    heartbeatTimeout: '12s',
    retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '30s' },
  });
}
