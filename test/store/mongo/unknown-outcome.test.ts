import {
  type BulkWriteResult,
  MongoBulkWriteError,
  MongoNetworkError,
  MongoServerError,
  MongoWriteConcernError,
} from 'mongodb';
import { expect, test } from 'vitest';
import { outcomeIsUnknown } from '../../../store/mongo/unknown-outcome.js';

const refusedWith = (code: number) => new MongoServerError({ code, message: 'no' });
const unconfirmedWith = (code: number) =>
  new MongoWriteConcernError({ ok: 1, writeConcernError: { code, errmsg: 'too few members' } });
const bulkError = (cause: Error | { message: string; code: number }) =>
  new MongoBulkWriteError(cause, {} as BulkWriteResult);
const ofNode = (code: string) => Object.assign(new Error('the socket is closed'), { code });

test.each([
  ['the driver lost its connection', new MongoNetworkError('gone')],
  ['the driver lost its connection in a bulk', bulkError(new MongoNetworkError('gone'))],
  ['the server is not primary any more in a bulk', bulkError(refusedWith(10_107))],
  ['the server is stopping', refusedWith(11_600)],
  ['the server is not primary any more', refusedWith(10_107)],
  ['a server that has just started has no committed snapshot yet', refusedWith(134)],
  ['too few members have confirmed it', unconfirmedWith(100)],
  ['the socket was closed by the other side under the command', ofNode('EPIPE')],
  ['the socket was reset under the command', ofNode('ECONNRESET')],
  ['the socket was destroyed under the command', ofNode('ERR_STREAM_DESTROYED')],
])('the outcome of a write is unknown where %s', (_, error) => {
  expect(outcomeIsUnknown(error)).toBe(true);
});

test.each([
  ['the server did not understand it', refusedWith(9)],
  ['the key exists already', refusedWith(11_000)],
  ['a key of a bulk exists already', bulkError({ code: 11_000, message: 'no' })],
  ['a bug of ours threw before anything was sent', new TypeError('x is not a function')],
  ['Node refused an argument of ours', ofNode('ERR_INVALID_ARG_TYPE')],
  ['the thrown value is not an error', 'EPIPE'],
])('a write failed, and a retry would fail too, where %s', (_, error) => {
  expect(outcomeIsUnknown(error)).toBe(false);
});
