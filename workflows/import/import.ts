import { proxyActivities, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { ImportPass, subscriberImportActivities } from '../../activities/subscriber/import.js';
import type { ImportInput } from '../messages/import.js';
import { queuesOf } from '../names.js';

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;

/** Imports one uploaded file pass by pass. The import's row stores the progress, so a crash loses none. */
export async function subscriberImport(input: ImportInput): Promise<ImportPass> {
  const { importNextRows } = importSteps();
  for (let waits = 0; ; ) {
    const pass = await importNextRows(input);
    setCurrentDetails(`${pass.kind === 'busy' ? 'Waits for an earlier import of the list' : 'Rows'}: **${pass.rows}**`);
    if (pass.kind === 'busy') {
      const wait = Math.min(FIRST_WAIT * 2 ** waits, LONGEST_WAIT);
      await sleep(wait, { summary: 'an earlier import of this list is not through' });
      waits += 1;
    } else if (pass.kind !== 'more') {
      return pass;
    }
  }
}

/** Minutes of work with a checkpoint every few hundred milliseconds; the heartbeat timeout detects a lost worker. */
function importSteps() {
  return proxyActivities<ReturnType<typeof subscriberImportActivities>>({
    taskQueue: queuesOf(workflowInfo().taskQueue).steps,
    startToCloseTimeout: '10m',
    heartbeatTimeout: '12s',
    retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '30s' },
  });
}
