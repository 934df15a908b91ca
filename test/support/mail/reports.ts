import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../config.js';

export interface AboutMail {
  readonly returnPath: string;
  /** Without brackets. */
  readonly messageId: string;
  /** The recipient of the mail, in place of the one that the report names. */
  readonly address?: string;
}

/** A report of `test/fixtures/dsn` about a mail, as it comes in. */
export function aReport(name: string, { returnPath, messageId, address }: AboutMail): Buffer {
  const text = readFileSync(join(packageRoot(), 'test/fixtures/dsn', `${name}.eml`), 'utf8');
  const filled = text.replaceAll('{{return_path}}', returnPath).replaceAll('{{message_id}}', messageId);
  const named = address === undefined ? filled : filled.replace(/\bada@\w+\.example\b/g, address);
  return Buffer.from(named.replace(/\n/g, '\r\n'));
}
