import { expect, test } from 'vitest';
import { now } from '../../../clock.js';
import { endpoints } from '../../../store/webhooks/endpoints.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const FIELDS = { url: 'https://app.example.com/', description: null, events: ['*'], ordered: false, cursor: 0 };

test('a secret sealed with another EVERPOST_SECRET does not stop the new secret from signing', async () => {
  const { row } = await endpoints(store, 'the secret before').create(1, { ...FIELDS, format: 'standard' });
  const rows = endpoints(store, 'the secret of today');
  expect(() => rows.secretsOf(row, now())).toThrow();
  const rotated = await rows.rotate(row, 3_600_000);
  expect(rotated?.row.secrets).toHaveLength(2);
  expect(rotated && rows.secretsOf(rotated.row, now())).toEqual([rotated?.secret]);
});
