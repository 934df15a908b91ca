import { expect, test } from 'vitest';
import { allows, keyStatusOf, mayBeUsed, rotationDue, type Scope } from '../../../domain/account/key.js';

const NOW = new Date('2026-11-25T12:00:00Z');
const BEFORE = new Date('2026-11-25T11:59:59Z');
const AFTER = new Date('2026-11-25T12:00:01Z');
const key = { state: 'active' as const, expires_at: null, retires_at: null };

test.each([
  ['an active key works', key, 'active', true],
  ['a revoked key is refused', { ...key, state: 'revoked' as const }, 'revoked', false],
  ['a key works until it expires', { ...key, expires_at: AFTER }, 'active', true],
  ['a key that has expired is refused', { ...key, expires_at: BEFORE }, 'expired', false],
  ['a retiring key without an end works', { ...key, state: 'retiring' as const }, 'retiring', true],
  [
    'a retiring key works during its overlap',
    { ...key, state: 'retiring' as const, retires_at: AFTER },
    'retiring',
    true,
  ],
  [
    'a retiring key ends with its overlap',
    { ...key, state: 'retiring' as const, retires_at: BEFORE },
    'revoked',
    false,
  ],
])('%s', (_, row, status, usable) => {
  expect(keyStatusOf(row, NOW)).toBe(status);
  expect(mayBeUsed(keyStatusOf(row, NOW))).toBe(usable);
});

test.each<[Scope[], Scope, boolean]>([
  [['read'], 'read', true],
  [['read'], 'send', false],
  [['send', 'contacts'], 'contacts', true],
  [['send'], 'read', false],
  [['admin'], 'read', true],
])('a key with %j asks for %s: %s', (scopes, needed, allowed) => {
  expect(allows(scopes, needed)).toBe(allowed);
});

test('an owner is reminded after half a year', () => {
  expect(rotationDue(new Date('2026-01-01T00:00:00Z')).toISOString()).toBe('2026-07-03T00:00:00.000Z');
});
