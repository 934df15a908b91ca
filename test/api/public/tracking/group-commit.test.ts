import { expect, test } from 'vitest';
import { groupCommit } from '../../../../api/public/tracking/group-commit.js';

const log = { warn: () => undefined };

/** A store whose writes end when they are told to. */
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

test('what comes together is written together, and everybody waits until it is', async () => {
  const store = aStore();
  const hits = groupCommit({ write: store.write, log, gather: 5 });
  await Promise.all([1, 2, 3].map((one) => hits.add(one)));
  expect(store.groups).toEqual([[1, 2, 3]]);
  await hits.add(4);
  expect(store.groups).toEqual([[1, 2, 3], [4]]);
});

test('a group that cannot be written is tried again as it is', async () => {
  const store = aStore();
  store.failNext(1);
  const hits = groupCommit({ write: store.write, log, gather: 1, timeout: 5_000 });
  await hits.add(1);
  expect(store.groups).toEqual([[1]]);
});

test('nobody waits longer than patience, and an orderly stop writes what was answered before it was written', async () => {
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

test('what no memory can hold is let go, and the others are not', async () => {
  const store = aStore();
  const hits = groupCommit({ write: store.write, log, gather: 1, maxWaiting: 2 });
  await Promise.all([1, 2, 3].map((one) => hits.add(one)));
  expect(store.groups.flat()).toEqual([1, 2]);
});
