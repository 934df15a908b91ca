import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { retryUntilClosed } from '../../../api/engine/lazy-client.js';
import { readConfig } from '../../../config.js';
import type { ProtocolTimes } from '../../../domain/delivery/protocol.js';
import type { MessageState } from '../../../domain/message/message.js';
import { messages } from '../../../store/messages/messages.js';
import type { Message } from '../../../store/messages/row.js';
import { openStore } from '../../../store/mongo/connect.js';
import { workerEngine } from '../../../workers/engine.js';
import { messageWorkflowId } from '../../../workflows/names.js';
import type { SmtpScript } from '../scripted/smtp-script.js';
import { smtpServer } from '../scripted/smtp-server.js';
import { testDatabase, testTemporal } from '../servers/test-servers.js';
import { anAcceptedMessage } from '../store/messages.js';
import { until } from '../until.js';
import { ownWorker, QUICK_RETRIES } from './own-worker.js';

export type MessageEverpost = Awaited<ReturnType<typeof messageEverpost>>;

const LIMIT = 60_000;

/** A worker in this process with an engine of its own, for messages to one scripted receiver. */
export async function messageEverpost(script: SmtpScript, times: ProtocolTimes = QUICK_RETRIES) {
  const database = await testDatabase();
  const store = await openStore({ url: database.url, database: database.name });
  const receiver = await smtpServer({ keepRaw: true, ...script });
  const folder = await mkdtemp(join(tmpdir(), 'everpost-messages-'));
  const { address, namespace } = testTemporal();
  const prefix = `messages-${randomUUID()}`;
  const config = { ...readConfig({}), dataDir: folder, smtpConnections: 4, temporalNamespace: namespace };
  const own = { config, store, smtpUrl: receiver.url, temporalAddress: address, prefix };
  const worker = await ownWorker({ ...own, times });
  const connection = await Connection.connect({ address, interceptors: retryUntilClosed() });
  const client = new Client({ connection, namespace });
  const engine = workerEngine({ client, prefix, publicUrl: config.publicUrl });
  const row = async ({ account, _id }: Message): Promise<Message> => {
    const found = await messages(store).find(account, _id);
    if (found === null) throw new Error(`message ${_id} is gone`);
    return found;
  };
  return {
    store,
    receiver,
    client,
    row,
    /** Accepts a message and starts its workflow, as the API does. */
    send: async (over: Partial<Message> = {}): Promise<Message> => {
      const accepted = await anAcceptedMessage(store, over);
      await engine.startMessage(accepted);
      return accepted;
    },
    /** Accepts a message without starting its workflow: the sweep has to find it. */
    acceptOnly: (over: Partial<Message> = {}): Promise<Message> => anAcceptedMessage(store, over),
    /** The same, with a check by the sweep after `sweep_at`: its workflow is shared with others. */
    acceptInGroup: (over: Partial<Message>): Promise<Message> =>
      anAcceptedMessage(store, { sweep_at: new Date(Date.now() + LIMIT), ...over }),
    startGroup: (run: string, rows: readonly Message[]): Promise<void> =>
      engine.startMessages(
        run,
        rows.map(({ _id: message, account }) => ({ account, message })),
      ),
    /** Result of its workflow, which returns after its events are published. */
    result: ({ _id }: Message): Promise<string> => client.workflow.getHandle(messageWorkflowId(_id)).result(),
    handle: ({ _id }: Message) => client.workflow.getHandle(messageWorkflowId(_id)),
    untilState: (message: Message, state: MessageState) =>
      until(async () => (await row(message)).state === state, LIMIT),
    /** Types of its events, in order. */
    eventsOf: async ({ _id }: Message) => {
      const found = store.db.collection<{ _id: string; type: string }>('events').find({ 'data.message': _id });
      return (await found.sort({ $natural: 1 }).toArray()).map(({ type }) => type);
    },
    close: async () => {
      await worker.stop();
      await connection.close();
      await receiver.close();
      await store.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
