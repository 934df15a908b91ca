import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from '../config.js';

/** Structured logs without addresses, bodies, keys or query strings. */
export function openLog(config: Pick<Config, 'logLevel'>, out?: DestinationStream): Logger {
  const serializers = { err: redactedError, error: redactedText };
  const options = { level: config.logLevel, base: { name: 'everpost' }, serializers };
  return out === undefined ? pino(options) : pino(options, out);
}

/** Errors may quote input: addresses and secrets in them are removed. */
function redactedError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { code?: unknown };
  return { type: error.name, message: redacted(error.message), code, stack: redacted(error.stack ?? '') };
}

/** The text of an error, where a line has no room for its stack. */
function redactedText(error: unknown): string {
  return redacted(String(error));
}

/** Replaces keys, tokens, passwords in URLs and addresses with a placeholder. */
export function redacted(text: string): string {
  return text
    .replace(/\b(evp_|whsec_)[\w+/=-]+|\bBearer\s+[\x21-\x7e]+/gi, '[secret]')
    .replace(/([?&](?:api_key|token|secret|password)=)[^&\s"']+/gi, '$1[secret]')
    .replace(/(\w:\/\/)[^\s/@"']+@/g, '$1[secret]@')
    .replace(/(?<![^\s"'<>:,;()[\]{}/])[^\s"'<>:,;()[\]{}/]+@[^\s"'<>,;()[\]{}]+/g, '[address]');
}
