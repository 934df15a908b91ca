import { randomUUID } from 'node:crypto';
import { programsOf } from './documents.js';

/** What a sample cannot know. */
export interface SampleValues {
  /** Where the product listens. */
  readonly url: string;
  readonly key: string;
  readonly templateId: number;
  readonly listUid: string;
}

type Substitution = readonly [what: string | RegExp, instead: string];

/** THE table of substitutions: host, key, placeholders, dates that have passed. Nothing else of a sample is touched. */
function table({ url, key, templateId, listUid }: SampleValues): readonly Substitution[] {
  return [
    ['https://usemaily.xyz', url],
    ['https://backend.mailbindr.app', url],
    ['my_api_key', key],
    ['https://api.emailmassivo.com', url],
    [/(idTemplateMailUser['"]?(?::| =>) )number/, `$1${templateId}`],
    ['unique-key-string', randomUUID()],
    // The document leaves the payload out once, and shows it further down.
    [/\{\s+\.\.\.\s+\}/, mailbindrPayload()],
    ['YOUR_API_KEY', key],
    ['"list": "string"', `"list": "${listUid}"`],
    [/"((?:to|from|reply_to)_email)": "string"/, '"$1": "someone@example.com"'],
    ['"mime": "string"', '"mime": "text/plain"'],
    ['"data": "string"', '"data": "c3RyaW5n"'],
    ['2026-05-22T', '2126-05-22T'],
  ];
}

export function substituted(sample: string, values: SampleValues): string {
  return table(values).reduce((text, [what, instead]) => text.replaceAll(global(what), instead), sample);
}

function global(what: string | RegExp): string | RegExp {
  return typeof what === 'string' ? what : new RegExp(what, 'g');
}

function mailbindrPayload(): string {
  const [, whole] = programsOf('mailbindr');
  return /^payload = (json\.dumps\(\{[\s\S]*?^\}\))/m.exec(whole?.code ?? '')?.[1] ?? '';
}
