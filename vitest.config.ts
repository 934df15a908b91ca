import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const COMPILED_THREADS = fileURLToPath(new URL('./test/support/mail/worker-thread.ts', import.meta.url));

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

/** A kind of test: where its files are, and how long one may take. */
interface TestKind {
  readonly name: string;
  /** Folders of `test`; their files are in them or below. */
  readonly folders: readonly string[];
  /** Milliseconds. */
  readonly testTimeout: number;
  /** Milliseconds. */
  readonly hookTimeout: number;
}

const UNIT: TestKind = {
  name: 'unit',
  folders: ['domain', 'mail', 'ai', 'web', 'docs', 'bench', 'chaos'],
  testTimeout: 30_000,
  hookTimeout: 30_000,
};

/** In the order of a run. Whole flows wait most, unit tests never: they fill the end of the run. */
const TEST_KINDS: readonly TestKind[] = [
  {
    name: 'end-to-end',
    folders: ['end-to-end', 'workflows', 'dialects'],
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
  {
    name: 'integration',
    folders: ['store', 'services', 'api', 'activities', 'servers', 'model', 'workers', 'cli'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
  UNIT,
];

/** Patterns of its test files, from the root of the package; unit tests are in the folder `test` itself too. */
function filesOf({ name, folders }: TestKind): string[] {
  const inFolders = `test/{${folders.join(',')}}/**/*.test.ts`;
  return name === UNIT.name ? ['test/*.test.ts', inFolders] : [inFolders];
}

/** The kind of the test file at an absolute path. */
function kindOf(path: string): TestKind {
  const folder = /.*\/test\/([^/]+)\/.*\.test\.ts$/.exec(path)?.[1] ?? '';
  return TEST_KINDS.find(({ folders }) => folders.includes(folder)) ?? UNIT;
}

/** The order of the test files: the longest, then project by project, each as vitest would order it. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return rank === -1 ? LONGEST.length + TEST_KINDS.indexOf(kindOf(moduleId)) : rank;
}

const threads = './test/support/mail/compiled-threads.ts';
const servers = './test/support/servers/start-servers.ts';
const bundles = ['./test/support/end-to-end/bundle.ts', './test/support/end-to-end/programs.ts'];
const SETUPS: Readonly<Record<string, string[]>> = {
  unit: [],
  integration: [servers],
  'end-to-end': [servers, ...bundles],
};

/** Tests without servers, with real servers, and of whole flows: a run of some files prepares what they need only. */
const projects = TEST_KINDS.map((kind): TestProjectConfiguration => {
  const { name } = kind;
  return { extends: true, test: { name, include: filesOf(kind), globalSetup: SETUPS[name] ?? [] } };
});

/**
 * `--mode whole` runs everything as one project: projects do not share transformed modules or processes, so that three
 * transform and load the product three times.
 */
export default defineConfig(({ mode }) => ({
  // Threads of the mail code run as compiled programs, as in the product.
  resolve: { alias: [{ find: /^(\.\.?\/)+worker-thread\.js$/, replacement: COMPILED_THREADS }] },
  test: {
    pool: 'forks',
    // One more than the cores of the smallest machine: a file that waits must not leave a core idle.
    maxWorkers: 3,
    // Each file has its own databases and task queues, so that modules are loaded once for each worker.
    isolate: false,
    setupFiles: ['./test/support/real-clock.ts', './test/support/time-limits.ts'],
    sequence: { sequencer: LongestFirst },
    // Files of every kind run in one project: each has the limits of its kind.
    provide: { testKinds: TEST_KINDS },
    ...(mode === 'whole'
      ? { include: TEST_KINDS.flatMap(filesOf), globalSetup: [threads, servers, ...bundles] }
      : { globalSetup: threads, projects }),
  },
}));
