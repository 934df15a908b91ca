import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { chaosRun } from '../../chaos/run/run.js';
import { readConfig } from '../../config.js';

test('a campaign and messages keep the promise while processes are killed and connections break', async () => {
  const programs = inject('endToEndPrograms');
  // Where the build has it beside the program.
  await copyFile(inject('workflowBundle'), join(programs, '..', 'workflow-bundle.js'));
  const result = await chaosRun({
    config: readConfig(),
    program: join(programs, 'cli.js'),
    ...{ seed: 1, recipients: 400, rate: 60, messages: 20 },
    faults: 3,
    among: ['worker_killed', 'api_killed', 'connections_dropped_after_dot'],
    report: () => undefined,
  });
  expect(result).toMatchObject({ ended: true, verdict: { holds: true, recipients: 400, messages: 20 } });
  expect(result.faults).toHaveLength(3);
}, 180_000);
