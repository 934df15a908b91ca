import { expect, test } from 'vitest';
import { auditedAction } from '../../../api/hooks/audit.js';

test.each([
  ['POST', '/keys', 'keys.create'],
  ['POST', '/keys/:id/rotate', 'keys.rotate'],
  ['DELETE', '/keys/:id', 'keys.remove'],
  ['PATCH', '/account', 'account.change'],
  ['PUT', '/account/brand', 'account.brand.replace'],
  ['DELETE', '/account/members/:id', 'account.members.remove'],
  ['PATCH', '/agency/clients/:id', 'agency.clients.change'],
  ['POST', '/agency/clients/:id/keys', 'agency.clients.keys.create'],
  ['DELETE', '/agency/clients/:id/keys/:key_id', 'agency.clients.keys.remove'],
  ['POST', '/agency/clients/:id/suspend', 'agency.clients.suspend'],
  ['POST', '/webhooks/:id/test', undefined],
  ['DELETE', '/suppressions/:email', 'suppressions.remove'],
  ['POST', '/suppressions', undefined],
  ['GET', '/keys', undefined],
  ['POST', '/subscribers', undefined],
])('%s %s is recorded as %s', (method, url, action) => {
  expect(auditedAction(method, url)).toBe(action);
});
