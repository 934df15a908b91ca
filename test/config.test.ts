import { expect, test } from 'vitest';
import { readConfig } from '../config.js';

test.each(['EVENTS_KEPT_DAYS', 'MESSAGES_KEPT_DAYS'])('%s is none, or so long that no repeat does harm', (name) => {
  expect(() => readConfig({ [name]: '29' })).toThrow(`${name} must be 0 (for ever) or at least 30`);
  expect(() => readConfig({ [name]: '30' })).not.toThrow();
  expect(() => readConfig({ [name]: '0' })).not.toThrow();
});
