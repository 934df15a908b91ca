import { InterceptingCall, type Interceptor, Metadata, type NextCall, status } from '@grpc/grpc-js';
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import type { TemporalConnection } from '../../config/temporal-connection.js';
import { activeTracing } from '../../tracing/active.js';

export interface LazyClient {
  readonly client: () => Client;
  close(): Promise<void>;
}

/**
 * A client that connects on first use and reconnects when necessary. Calls that still wait for their next try when it is
 * closed end with the gRPC status CANCELLED.
 */
export function lazyClient(address: string, namespace: string, access: TemporalConnection = {}): LazyClient {
  const connection = Connection.lazy({
    address,
    ...access,
    connectTimeout: '3s',
    interceptors: retryUntilClosed(),
    channelArgs: RECONNECTING,
  });
  const client = new Client({ connection, namespace, interceptors: { ...activeTracing()?.client } });
  return { client: () => client, close: () => connection.close() };
}

/**
 * In milliseconds. By default a channel waits up to two minutes between two tries, and half a minute until it resolves the
 * name of the host again: a container may come back at another address.
 */
const RECONNECTING = {
  'grpc.initial_reconnect_backoff_ms': 250,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.dns_min_time_between_resolutions_ms': 1_000,
};

/** The retries of a connection by default; those that come due after it is closed end as cancelled. */
export function retryUntilClosed(): Interceptor[] {
  return [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), cancelOnceClosed];
}

/**
 * A closed channel throws at each new call. The Temporal client makes a repeated call in a timer, where that would end the
 * process, for example an API that is stopped while Temporal is down.
 */
const cancelOnceClosed: Interceptor = (options, nextCall) => new InterceptingCall(callUnlessClosed(options, nextCall));

function callUnlessClosed(...[options, nextCall]: Parameters<Interceptor>): ReturnType<NextCall> {
  try {
    return nextCall(options);
  } catch {
    return CANCELLED_CALL;
  }
}

/** Ends as soon as it starts. */
const CANCELLED_CALL: ReturnType<NextCall> = {
  start: (_metadata, listener) => {
    const details = 'The connection to Temporal is closed';
    listener?.onReceiveMessage?.(undefined);
    listener?.onReceiveStatus?.({ code: status.CANCELLED, details, metadata: new Metadata() });
  },
  sendMessage: () => undefined,
  sendMessageWithContext: () => undefined,
  halfClose: () => undefined,
  startRead: () => undefined,
  cancelWithStatus: () => undefined,
  getPeer: () => '',
  getAuthContext: () => null,
};
