import { MongoNetworkError, MongoServerError } from 'mongodb';
import { expect, test } from 'vitest';
import { outcomeIsUnknown } from '../../../store/mongo/conditional-writes.js';

const refusedWith = (code: number) => new MongoServerError({ code, message: 'no' });
const ofNode = (code: string) => Object.assign(new Error('the socket is closed'), { code });

test.each([
  ['the driver lost its connection', new MongoNetworkError('gone')],
  ['the server is stopping', refusedWith(11_600)],
  ['the server is not primary any more', refusedWith(10_107)],
  ['a server that has just started has no committed snapshot yet', refusedWith(134)],
  ['the socket was closed by the other side under the command', ofNode('EPIPE')],
  ['the socket was reset under the command', ofNode('ECONNRESET')],
  ['the socket was destroyed under the command', ofNode('ERR_STREAM_DESTROYED')],
])('the outcome of a write is unknown where %s', (_, error) => {
  expect(outcomeIsUnknown(error)).toBe(true);
});

test.each([
  ['the server did not understand it', refusedWith(9)],
  ['the key exists already', refusedWith(11_000)],
  ['a bug of ours threw before anything was sent', new TypeError('x is not a function')],
  ['Node refused an argument of ours', ofNode('ERR_INVALID_ARG_TYPE')],
  ['the thrown value is not an error', 'EPIPE'],
])('a write failed, and a retry would fail too, where %s', (_, error) => {
  expect(outcomeIsUnknown(error)).toBe(false);
});
