import { expect, test } from 'vitest';
import { groupCommit } from '../../../../api/public/tracking/group-commit.js';

const log = { warn: () => undefined };

/** A store whose writes end on demand. */
function aStore() {
  const groups: number[][] = [];
  let down = 0;
  let hold: Promise<void> | undefined;
  return {
    groups,
    failNext: (times: number) => {
      down = times;
    },
    holdBack: (until: Promise<void>) => {
      hold = until;
    },
    write: async (group: readonly number[]) => {
      await hold;
      down -= 1;
      if (down >= 0) throw new Error('down');
      groups.push([...group]);
    },
  };
}

test('concurrent additions are written together, and all wait for the write', async () => {
  const store = aStore();
  const hits = groupCommit({ write: store.write, log, gather: 5 });
  await Promise.all([1, 2, 3].map((one) => hits.add(one)));
  expect(store.groups).toEqual([[1, 2, 3]]);
  await hits.add(4);
  expect(store.groups).toEqual([[1, 2, 3], [4]]);
});

test('a group whose write failed is retried unchanged', async () => {
  const store = aStore();
  store.failNext(1);
  const hits = groupCommit({ write: store.write, log, gather: 1, timeout: 5_000 });
  await hits.add(1);
  expect(store.groups).toEqual([[1]]);
});

test('an addition waits no longer than its patience, and a shutdown writes the rest', async () => {
  const store = aStore();
  let letGo = () => {};
  store.holdBack(
    new Promise((resolve) => {
      letGo = resolve;
    }),
  );
  const hits = groupCommit({ write: store.write, log, gather: 1, timeout: 10 });
  await hits.add(1);
  await hits.add(2);
  expect(store.groups).toEqual([]);
  const closed = hits.close();
  letGo();
  await closed;
  expect(store.groups.flat()).toEqual([1, 2]);
});

test('entries beyond the memory limit are dropped, the others are kept', async () => {
  const store = aStore();
  const hits = groupCommit({ write: store.write, log, gather: 1, maxWaiting: 2 });
  await Promise.all([1, 2, 3].map((one) => hits.add(one)));
  expect(store.groups.flat()).toEqual([1, 2]);
});
