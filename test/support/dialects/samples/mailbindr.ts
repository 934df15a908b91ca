import { programsOf } from '../documents.js';
import { type SampleValues, substituted } from '../substitutions.js';
import type { Sample } from './sample.js';

/** Defined by Everpost: the document shows no answer. */
const SHAPE = { id: 'string', status: 'string' };
/** What the second program sends. */
const BODY = /json\.dumps\((\{[\s\S]*?^\})\)/m.exec(programsOf('mailbindr')[1]?.code ?? '')?.[1] ?? '';

/** The programs word for word, and the same request in the other languages. */
export function mailbindrSamples(values: SampleValues): Sample[] {
  const programs = programsOf('mailbindr').map(({ code, language }, at): Sample => {
    const program = { language, code: substituted(code, values) };
    return { document: 'mailbindr', name: `program ${at + 1}`, program, statuses: [200], shape: SHAPE };
  });
  const headers = { 'Content-Type': 'application/json', 'X-Api-Token': values.key };
  const request = { method: 'POST', url: `${values.url}/email/send-email/`, headers, body: BODY };
  return [...programs, { document: 'mailbindr', name: 'the same request', request, statuses: [200], shape: SHAPE }];
}
