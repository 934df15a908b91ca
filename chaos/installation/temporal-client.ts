import { Client, Connection } from '@temporalio/client';

export const NAMESPACE = 'default';

/** A client of Temporal, as operators have one, for as long as the work takes. */
export async function withTemporalClient<Result>(
  address: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection, namespace: NAMESPACE }));
  } finally {
    await connection.close();
  }
}
