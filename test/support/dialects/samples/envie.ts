import { blocksOf } from '../documents.js';
import { type SampleValues, substituted } from '../substitutions.js';
import type { Sample } from './sample.js';

const [CREATE = '', CREATED = '', GET = '', RECORD = '', , LISTS = '', SUBSCRIBERS = '', SINGLE = ''] =
  blocksOf('envie');
/** Defined by Everpost: the document shows no answer. */
const SENT = { status: 'string', message: { id: 0, token: 'string' } };

/** The document has bodies, answers and paths, and no programs: each is asked in every language. */
export function envieSamples(values: SampleValues): Sample[] {
  const keys = { 'public-key': '1', 'private-key': values.key };
  const get = (name: string, path: string, shown: string): Sample => {
    const request = { method: 'GET', url: `${values.url}${path}`, headers: keys };
    return { document: 'envie', name, request, statuses: [200], shape: JSON.parse(shown) };
  };
  const post = (name: string, path: string, sample: string, shape: unknown): Sample => {
    const headers = { ...keys, 'content-type': 'application/json' };
    const request = { method: 'POST', url: `${values.url}${path}`, headers, body: substituted(sample, values) };
    return { document: 'envie', name, request, statuses: [200], shape };
  };
  return [
    post('create a list', '/lists/create', CREATE, JSON.parse(CREATED)),
    post('get a list', '/lists/get', GET, JSON.parse(RECORD)),
    get('show lists', '/lists/show', LISTS),
    get('show a list', `/lists/show?UID=${values.listUid}`, SUBSCRIBERS),
    post('send one mail', '/singlesending/create', SINGLE, SENT),
  ];
}
