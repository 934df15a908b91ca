import { defineConfig } from 'vitest/config';

const servers = ['./test/support/start-servers.ts'];

/** Three floors of tests: no servers, real servers, whole flows. They run one after the other, the quick ones first. */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/*.test.ts', 'test/{domain,mail,ai,web,docs}/**/*.test.ts'],
          testTimeout: 10_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'floor',
          include: ['test/{store,api,activities,servers,model,workers,cli}/**/*.test.ts'],
          globalSetup: servers,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'flow',
          include: ['test/{flow,workflows}/**/*.test.ts'],
          globalSetup: [...servers, './test/support/flow/bundle.ts', './test/support/flow/programs.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
