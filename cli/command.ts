import { InvalidArgumentError } from 'commander';
import type { Logger } from 'pino';
import { pino } from 'pino';
import { openLog } from '../api/log.js';
import { type Config, ConfigurationError, readConfig } from '../config.js';
import { ServerFailure } from '../servers/report.js';
import { DatabaseVersionError } from '../store/migrations/versions.js';
import type { Tracing } from '../tracing/active.js';

/** What each command receives. */
export interface CommandContext {
  readonly config: Config;
  readonly log: Logger;
}

/** Runs a command with the configuration and a log; an error is printed and the exit code is 1. */
export function run(command: (context: CommandContext) => Promise<unknown>) {
  return async (): Promise<void> => {
    try {
      const config = readConfig();
      const tracing = await tracingOf(config);
      const code = await command({ config, log: openLog(config, stderr()) });
      await tracing?.stop();
      process.exit(typeof code === 'number' ? code : 0);
    } catch (error) {
      console.error(isForOperators(error) ? error.message : error);
      process.exit(1);
    }
  };
}

/** A stack trace adds nothing to its message. */
function isForOperators(error: unknown): error is Error {
  return [ConfigurationError, ServerFailure, DatabaseVersionError].some((kind) => error instanceof kind);
}

/** Starts traces before the code of the command is loaded. */
async function tracingOf({ tracesEndpoint }: Config): Promise<Tracing | undefined> {
  return tracesEndpoint === undefined ? undefined : (await import('../tracing/start.js')).startTracing();
}

export function stderr() {
  return pino.destination({ fd: 2, sync: false });
}

/** Parses a count. */
export function count(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number from 1 to 9999999');
}

/** Parses a time with its offset, as in ISO 8601. */
export function moment(text: string): Date {
  const time = /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? new Date(text) : undefined;
  if (time !== undefined && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError('a time with its offset, such as 2026-05-15T09:00:00Z');
}

/** Parses counts that are separated by commas. */
export function counts(text: string): number[] {
  return text.split(',').map(count);
}

/** Parses some of these words, separated by commas. */
export function wordsOf(choices: readonly string[]) {
  return (text: string): string[] => {
    const words = text.split(',');
    if (words.every((word) => choices.includes(word))) return words;
    throw new InvalidArgumentError(`one or several of ${choices.join(', ')}, separated by commas`);
  };
}
