import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, aSubscriber } from '../support/api/api.js';
import { aTemplate } from '../support/api/templates.js';
import { type Product, theProduct } from '../support/dialects/product.js';
import { type Answer, curl, node, php, python, type Replayer, shell } from '../support/dialects/replayers.js';
import { emailmassivoSamples } from '../support/dialects/samples/emailmassivo.js';
import { envieSamples } from '../support/dialects/samples/envie.js';
import { mailbindrSamples } from '../support/dialects/samples/mailbindr.js';
import { mailySamples } from '../support/dialects/samples/maily.js';
import { itemOf, type Sample } from '../support/dialects/samples/sample.js';
import { shapeFaults } from '../support/dialects/shape.js';
import type { SampleValues } from '../support/dialects/substitutions.js';

const NOWHERE: SampleValues = { url: 'http://nowhere', key: '', templateId: 0, listUid: '' };
const samplesAt = (values: SampleValues): Sample[] => [
  ...mailySamples(values),
  ...mailbindrSamples(values),
  ...emailmassivoSamples(values),
  ...envieSamples(values),
];

let product: Product;
let replayers: readonly Replayer[] = [];
const answers = new Map<string, Answer[]>();

/** Each replayer runs all samples in sequence. */
beforeAll(async () => {
  product = await theProduct();
  const { api, url } = product;
  await aSubscriber(api, await aList(api), { email: 'carol@example.com' });
  const contents = { en: { subject: 'string', html: '<p>{{ some_variable }}</p>' } };
  await aTemplate(api, { identifier: 'email_key', contents });
  const member = { name: 'Email', email: 'email@email.com', role: 'editor' };
  await api.call('POST /api/v1/account/members', { payload: member });
  const letter = { en: { subject: 'string', html: '<p>{{ test }} {{ test1 }} {{ test2 }}</p>' } };
  const { id: templateId } = await aTemplate(api, { contents: letter }, true);
  const listUid = (await api.call('GET /api/v1/lists/1')).json().data.uid;
  const samples = samplesAt({ url, key: api.key, templateId, listUid });
  replayers = [curl, await python(), node, ...(await php())];
  for (const replayer of replayers) await ask(replayer, samples);
});
afterAll(() => product?.close());

async function ask(replayer: Replayer, samples: readonly Sample[]): Promise<void> {
  const own = samples.filter(({ program }) => program === undefined || program.language === replayer.name);
  const given: Answer[] = [];
  if (replayer === curl) for (const sample of own) given.push(await byCurl(sample));
  else given.push(...(await replayer.run(own.map(itemOf))));
  for (const [at, { document, name }] of own.entries()) {
    const id = `${document}: ${name}`;
    const answer = given[at];
    if (answer === undefined) throw new Error(`${replayer.name} was not answered to ${id}`);
    answers.set(id, [...(answers.get(id) ?? []), answer]);
  }
}

async function byCurl(sample: Sample): Promise<Answer> {
  if (sample.line !== undefined) return shell(sample.line);
  const [answer] = await curl.run([itemOf(sample)]);
  return answer ?? { status: 0, body: '' };
}

test.each(samplesAt(NOWHERE))('$document: $name', ({ document, name, program, statuses, shape, empty }) => {
  const given = answers.get(`${document}: ${name}`) ?? [];
  // Without PHP the PHP samples are not run.
  const able = replayers.filter((replayer) => program === undefined || program.language === replayer.name);
  expect(given.length).toBe(able.length);
  for (const { status, body } of given) {
    expect(statuses, body).toContain(status);
    if (shape === undefined) expect(body).toBe('');
    else expect(shapeFaults(shape, JSON.parse(body), empty)).toEqual([]);
  }
});
