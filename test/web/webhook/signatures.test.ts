import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { now } from '../../../clock.js';
import { seconds } from '../../../domain/timestamp.js';
import { bodySignature, standardSignature } from '../../../web/webhook/request.js';

const aSecret = fc
  .uint8Array({ minLength: 24, maxLength: 64 })
  .map((key) => `whsec_${Buffer.from(key).toString('base64')}`);

test('a standard signature is verified by the standardwebhooks package, with either of two live secrets', () => {
  fc.assert(
    fc.property(aSecret, aSecret, fc.json(), (one, other, body) => {
      const id = 'evt_7Hq2mVxT0cZkP4sWn9RbYd3L';
      const at = seconds(now());
      const signature = standardSignature(id, at, body, [one, other]);
      const headers = { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': signature };
      for (const secret of [one, other]) expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
      if (one !== other) {
        const first = { ...headers, 'webhook-signature': standardSignature(id, at, body, [one]) };
        expect(() => new Webhook(other).verify(body, first)).toThrow();
      }
    }),
    { numRuns: 50 },
  );
});

test('the signature of a body is its HMAC with the secret as shown, prefix included', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const body = '{"id":"evt_x"}';
  expect(bodySignature(body, secret)).toBe(createHmac('sha256', secret).update(body).digest('hex'));
});
