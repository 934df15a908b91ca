import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const servers = ['./test/support/servers/start-servers.ts'];

/**
 * Files that run for half a minute or longer, the longest first. Few run at a time: a long one that began last would
 * be waited for alone. A new checkout has no durations to go by.
 */
const LONGEST = [
  'end-to-end/messages/killed',
  'end-to-end/messages/temporal-down',
  'end-to-end/newsletters/worker-killed',
  'workflows/newsletter/newsletter',
  'end-to-end/campaigns/server-outages',
  'end-to-end/import-killed',
  'end-to-end/newsletters/outage',
  'end-to-end/campaigns/uncertain',
  'workflows/rehearse',
  'end-to-end/campaigns/failover',
  'end-to-end/campaigns/sigterm',
  'end-to-end/campaigns/api-killed',
  'end-to-end/campaigns/sigkill',
] as const;

/** The order of the test files: the longest ones, then as vitest would have it. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

/** Three floors of tests: no servers, real servers, whole flows. They run one after the other, the quick ones first. */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // Files keep their state in databases and task queues of their own: what they import is loaded once a worker.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/*.test.ts', 'test/{domain,mail,ai,web,docs}/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/{store,services,api,activities,servers,model,workers,cli}/**/*.test.ts'],
          globalSetup: servers,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'end-to-end',
          include: ['test/{end-to-end,workflows,dialects}/**/*.test.ts'],
          globalSetup: [...servers, './test/support/end-to-end/bundle.ts', './test/support/end-to-end/programs.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});

function placeOf({ moduleId }: TestSpecification): number {
  const place = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return place === -1 ? LONGEST.length : place;
}
