import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'vitest';
import { lazyClient } from '../../../api/engine/lazy-client.js';
import { now } from '../../../clock.js';
import { until } from '../../support/until.js';

/** By the default of gRPC the seventh try comes after 26 s, and each later one after 17 s and more. */
const TRIES = 7;

test('while Temporal is away a client tries to connect every two seconds at most, so that it is found soon after', async () => {
  let tries = 0;
  const server = createServer((socket) => {
    tries += 1;
    socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { client, close } = lazyClient(`127.0.0.1:${(server.address() as AddressInfo).port}`, 'default');
  const { workflowService } = client();
  const ask = () => client().withDeadline(now().getTime() + 500, () => workflowService.getSystemInfo({}));
  await until(async () => {
    await ask().catch(() => undefined);
    return tries >= TRIES;
  });
  await close();
  server.close();
});
