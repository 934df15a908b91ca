import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { type Config, readConfig } from '../../../config.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { type TestDatabase, testDatabase } from '../servers/test-servers.js';

/** Configuration and store for the commands of a test file, and their output. */
export interface CommandLine {
  readonly config: Config;
  readonly store: Store;
  /** The lines printed since the test began, or since `clear`. */
  readonly output: readonly string[];
  clear(): void;
}

export function commandLine(environment: Parameters<typeof readConfig>[0] = {}): CommandLine {
  let database: TestDatabase | undefined;
  let opened: { readonly store: Store; readonly config: Config } | undefined;
  let output: string[] = [];
  const context = () => {
    if (opened === undefined) throw new Error('commands can run from the first test on');
    return opened;
  };
  beforeAll(async () => {
    database = await testDatabase();
    const { url, name } = database;
    const store = await openStore({ url, database: name });
    opened = { store, config: readConfig({ MONGODB_URL: url, MONGODB_DATABASE: name, ...environment }) };
  });
  beforeEach(() => {
    output = [];
    vi.spyOn(console, 'log').mockImplementation((line: string) => void output.push(line));
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    await opened?.store.close();
    await database?.drop();
  });
  return {
    get config() {
      return context().config;
    },
    get store() {
      return context().store;
    },
    get output() {
      return output;
    },
    clear: () => {
      output = [];
    },
  };
}
