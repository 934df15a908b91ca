import { expect, inject, vi } from 'vitest';

/** A kind of test: where its files are, and how long one may take. */
interface TestKind {
  /** Folders of `test`; their files are in them or below. The last kind has the files outside of all folders too. */
  readonly folders: readonly string[];
  /** Milliseconds. */
  readonly testTimeout: number;
  /** Milliseconds. */
  readonly hookTimeout: number;
}

declare module 'vitest' {
  export interface ProvidedContext {
    testKinds: readonly TestKind[];
  }
}

const folder = /.*\/test\/([^/]+)\/.*\.test\.ts$/.exec(expect.getState().testPath ?? '')?.[1] ?? '';
const kinds = inject('testKinds');
const kind = kinds.find(({ folders }) => folders.includes(folder)) ?? kinds.at(-1);
if (kind === undefined) throw new Error('no kinds of test are provided');
const { testTimeout, hookTimeout } = kind;
vi.setConfig({ testTimeout, hookTimeout });
