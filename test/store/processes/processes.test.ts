import { beforeEach, expect, test } from 'vitest';
import { type Process, processes } from '../../../store/processes/processes.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const rows = () => store.db.collection<{ _id: string; seen: Date; started_at: Date }>('processes');
beforeEach(() => rows().deleteMany({}));

const aProcess = (_id: string, PUBLIC_URL = 'https://a.example'): Process => {
  return { _id, role: 'worker', host: 'host-1', pid: 7, settings: { PUBLIC_URL } };
};
const running = async () => (await processes(store).running()).map(({ _id }) => _id);

test('of two processes that start at once, at least one sees the other', async () => {
  const start = async (process: Process) => {
    await processes(store).record(process);
    return (await processes(store).running(process)).map(({ _id }) => _id);
  };
  for (let round = 0; round < 25; round++) {
    const [one, other] = [aProcess(`one-${round}`), aProcess(`other-${round}`)];
    const [seenByOne, seenByOther] = await Promise.all([start(one), start(other)]);
    expect(seenByOne.includes(other._id) || seenByOther.includes(one._id)).toBe(true);
  }
});

test('a process runs until it has stopped, or was killed and has not been seen for some minutes', async () => {
  const { record, stopped } = processes(store);
  for (const id of ['stopped', 'killed', 'running']) await record(aProcess(id));
  expect(await running()).toEqual(['stopped', 'killed', 'running']);
  await stopped(aProcess('stopped'));
  await silentFor('killed', 151);
  await silentFor('running', 90);
  expect(await running()).toEqual(['running']);
  await record(aProcess('killed'));
  expect(await running()).toEqual(['killed', 'running']);
});

/** As if the process had recorded itself for the last time so many seconds ago. */
async function silentFor(_id: string, seconds: number): Promise<void> {
  const seen = { $subtract: ['$seen', seconds * 1_000] };
  await rows().updateOne({ _id }, [{ $set: { seen } }]);
}

test('a repeated record renews the time, not the start', async () => {
  const { record } = processes(store);
  await record(aProcess('one'));
  await silentFor('one', 60);
  const before = await rows().findOne({ _id: 'one' });
  await record(aProcess('one'));
  const after = await rows().findOne({ _id: 'one' });
  expect(after?.started_at).toEqual(before?.started_at);
  expect(after?.seen.getTime()).toBeGreaterThanOrEqual((before?.seen.getTime() ?? 0) + 60_000);
});

test('a setting that looks like an expression is stored as it is', async () => {
  await processes(store).record(aProcess('one', '$host'));
  expect(await processes(store).running()).toMatchObject([{ settings: { PUBLIC_URL: '$host' } }]);
});

test('the process that started last is known after it has stopped', async () => {
  const { record, stopped, latest } = processes(store);
  expect(await latest(aProcess('new'))).toBeNull();
  for (const id of ['first', 'last', 'new']) {
    await record(aProcess(id));
    await stopped(aProcess(id));
    await rows().updateOne({ _id: id }, { $set: { started_at: new Date(['first', 'last', 'new'].indexOf(id)) } });
  }
  expect(await latest(aProcess('new'))).toMatchObject({ _id: 'last' });
});
