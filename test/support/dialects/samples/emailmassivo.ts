import { blocksOf, documentText, type Program, programsOf } from '../documents.js';
import { type SampleValues, substituted } from '../substitutions.js';
import type { Sample } from './sample.js';

const SENT = { uuid: 'string' };
/** "string" is no address, and the answer says so for each of cc and bcc. */
const SENT_WITH_COPIES = { ...SENT, additionalRecipients: [{ error: 'string' }] };
const REFUSED = { statusCode: 401, message: 'Invalid API key', error: 'string' };

/** What the document says to write where its PHP is answered "Invalid API key". */
const REPAIR = /^\$headers = array\( .*\);$/m.exec(documentText('emailmassivo'))?.[0] ?? '';

export function emailmassivoSamples(values: SampleValues): Sample[] {
  const [send = '', , byTemplate = ''] = blocksOf('emailmassivo');
  const headers = { 'content-type': 'application/json', 'x-api-key': values.key };
  const requests = [
    ['send', send, SENT_WITH_COPIES],
    ['send-by-template', byTemplate, SENT],
  ] as const;
  const sent = requests.map(([path, text, shape]): Sample => {
    const url = `${values.url}/api/v1/external-mails/${path}`;
    const request = { method: 'POST', url, headers, body: substituted(text, values) };
    return { document: 'emailmassivo', name: path, request, statuses: [200], shape };
  });
  return [...sent, ...programsOf('emailmassivo').flatMap((program, at) => programSamples(program, at, values))];
}

function programSamples({ language, code }: Program, at: number, values: SampleValues): Sample[] {
  const name = `program ${at + 1} in ${language}`;
  const of = (text: string) => ({ program: { language, code: substituted(text, values) } });
  const base = { document: 'emailmassivo', name, statuses: [200], shape: SENT } as const;
  if (language !== 'php') return [{ ...base, ...of(code) }];
  // Its headers are names that lead to values, which PHP's curl does not send: the document says what happens then.
  const repaired = code.replace(/^\$headers = array\([\s\S]*?^\);/m, () => REPAIR);
  return [
    { ...base, ...of(code), name: `${name}, as it stands`, statuses: [401], shape: REFUSED },
    { ...base, ...of(repaired), name: `${name}, repaired` },
  ];
}
