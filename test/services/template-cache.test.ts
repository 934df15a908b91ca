import { expect, test } from 'vitest';
import { DEFAULT_BRAND } from '../../domain/brand/brand.js';
import type { RenderJob } from '../../mail/render/job.js';
import { openTemplateCache } from '../../services/template-cache.js';

const content = { subject: 'S', preheader: null, format: 'html', source: '<p>{{ name }}</p>', text: null } as const;
const plate = { contentKey: '101:v1', language: 'en', content, brand: DEFAULT_BRAND };

function counting() {
  const jobs: RenderJob[] = [];
  const render = async (_account: number, job: RenderJob) => {
    jobs.push(job);
    return { html: '<p>{{ name }}</p>', text: '{{ name }}', findings: [] };
  };
  return { jobs, press: openTemplateCache({ render, close: async () => {} }) };
}

test('a template is rendered once for each edition, language and brand', async () => {
  const { jobs, press } = counting();
  await Promise.all(Array.from({ length: 50 }, () => press.partsOf(1, plate)));
  expect(jobs).toHaveLength(1);
  await press.partsOf(1, { ...plate, contentKey: '101:v2' });
  await press.partsOf(1, { ...plate, language: 'pt' });
  await press.partsOf(1, { ...plate, brand: { ...DEFAULT_BRAND, name: 'Acme' } });
  await press.partsOf(1, plate);
  expect(jobs).toHaveLength(4);
});

test('a failed rendering is tried again', async () => {
  const { jobs, press } = counting();
  const faulty = openTemplateCache({ render: () => Promise.reject(new Error('no thread')), close: async () => {} });
  await expect(faulty.partsOf(1, plate)).rejects.toThrow('no thread');
  await expect(faulty.partsOf(1, plate)).rejects.toThrow('no thread');
  await press.partsOf(1, plate);
  expect(jobs).toHaveLength(1);
});
