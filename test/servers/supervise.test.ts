import { expect, test } from 'vitest';
import type { StartFailure } from '../../servers/locked-server.js';
import { type EmbeddedServer, supervise } from '../../servers/supervise.js';
import { until } from '../support/until.js';

/** A server that has ended, and whose starts have these results; it ends again after a start that succeeds. */
function aServer(end: StartFailure, starts: readonly (StartFailure | undefined)[]) {
  const results = starts.values();
  let tried = 0;
  const server: EmbeddedServer = {
    ended: async () => end,
    startAgain: async () => {
      tried += 1;
      return results.next().value;
    },
    paths: { folder: '/data', log: '/data/server.log' },
    stop: async () => {},
  };
  return { server, tried: () => tried };
}

test('a stop ends the wait for the next start, and no start follows', async () => {
  const { server, tried } = aServer({ cause: 'disk_full', detail: 'the disk is full' }, []);
  const supervised = supervise('mongodb', server, () => {});
  await until(() => supervised.outage() !== undefined);
  expect(supervised.outage()?.nextTry).toBeInstanceOf(Date);
  await supervised.stop();
  await supervised.lost;
  expect(tried()).toBe(0);
});

test('starts that failed earlier in the same outage count, and the last reason is named', async () => {
  const missing: StartFailure = { cause: 'data_missing', detail: 'its data is gone' };
  const taken: StartFailure = { cause: 'port_taken', detail: 'another process listens on port 7' };
  const { server, tried } = aServer({ cause: 'ended', detail: 'it ended with code 1' }, [taken, missing]);
  await expect(supervise('temporal', server, () => {}).lost).rejects.toThrow(
    'Temporal has ended and cannot be started again (2 tries): its data is gone. Its data is in /data, its log is /data/server.log.',
  );
  expect(tried()).toBe(2);
});
