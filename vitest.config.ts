import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const COMPILED_THREADS = fileURLToPath(new URL('./test/support/mail/worker-thread.ts', import.meta.url));
const servers = ['./test/support/servers/start-servers.ts'];

/**
 * Files that run for half a minute, the longest first: a long file that began last would extend the run alone.
 * Most of their time is waiting (leases, outages, catch-up windows), which overlaps with the work of the other files.
 */
const LONGEST = [
  'end-to-end/messages/killed',
  'end-to-end/messages/temporal-down',
  'end-to-end/messages/group-killed',
  'end-to-end/chaos',
  'end-to-end/newsletters/worker-killed',
  'workflows/newsletter/newsletter',
  'end-to-end/campaigns/server-outages',
  'end-to-end/campaigns/worker-processes',
  'end-to-end/campaigns/fair-shares',
  'end-to-end/import-killed',
  'end-to-end/campaigns/sigkill',
  'end-to-end/newsletters/outage',
  'end-to-end/campaigns/whole-campaign',
  'end-to-end/every-event',
  'workflows/rehearse',
  'end-to-end/campaigns/failover',
  'end-to-end/campaigns/deferred',
  'end-to-end/campaigns/sigterm',
  'workflows/continue-as-new',
  'end-to-end/campaigns/api-killed',
];
/** Whole flows wait most, unit tests never: they fill the end of the run. */
const PROJECTS = ['end-to-end', 'integration', 'unit'];

/** The order of the test files: the longest, then project by project, each as vitest would order it. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

function rankOf({ moduleId, project }: TestSpecification): number {
  const rank = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return rank === -1 ? LONGEST.length + PROJECTS.indexOf(project.name) : rank;
}

/** Three projects: tests without servers, with real servers, and of whole flows. All share one queue of files. */
export default defineConfig({
  // Threads of the mail code run as compiled programs, as in the product.
  resolve: { alias: [{ find: /^(\.\.?\/)+worker-thread\.js$/, replacement: COMPILED_THREADS }] },
  test: {
    pool: 'forks',
    // One more than the cores of the smallest machine: a file that waits must not leave a core idle.
    maxWorkers: 3,
    // Each file has its own databases and task queues, so that modules are loaded once for each worker.
    isolate: false,
    globalSetup: './test/support/mail/compiled-threads.ts',
    setupFiles: ['./test/support/real-clock.ts'],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/*.test.ts', 'test/{domain,mail,ai,web,docs,bench,chaos}/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
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
        },
      },
    ],
  },
});
