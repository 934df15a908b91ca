import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { type WebhookEnvelope, webhookRequest } from '../../../web/webhook/request.js';

const OLD = 'whsec_b2xkIHNlY3JldA==';
const NEW = 'whsec_bmV3IHNlY3JldA==';
const envelope: WebhookEnvelope = {
  url: 'https://app.example.com/maily/webhook',
  format: 'maily',
  id: 'evt_7Hq2mVxT0cZkP4sWn9RbYd3L',
  type: 'campaign.sent',
  body: '{"id":"evt_7Hq2mVxT0cZkP4sWn9RbYd3L"}',
  secrets: [OLD],
  at: new Date('2026-05-17T10:00:00Z'),
};
/** The signature as the documented receivers compute it, with the secret as shown. */
const expected = (secret: string) => createHmac('sha256', secret).update(envelope.body).digest('hex');
const documented = {
  'content-type': 'application/json',
  'X-Maily-Event': 'campaign.sent',
  'X-Maily-Delivery-Id': 'evt_7Hq2mVxT0cZkP4sWn9RbYd3L',
  'X-Maily-Signature': expected(OLD),
};

test('a maily delivery has the three documented headers and a timeout of eight seconds', () => {
  const { headers, body, method, timeout } = webhookRequest(envelope);
  expect(headers).toStrictEqual(documented);
  expect({ body, method, timeout }).toEqual({ body: envelope.body, method: 'POST', timeout: 8_000 });
});

test('while two secrets are live, the signature of the old one stays first and that of the new one is added', () => {
  const { headers } = webhookRequest({ ...envelope, secrets: [OLD, NEW] });
  expect(headers).toStrictEqual({ ...documented, 'X-Maily-Signature-Next': expected(NEW) });
});
