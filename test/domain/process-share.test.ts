import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectionsOfProcess, isOfAnotherProcess } from '../../domain/transport.js';

const processes = fc.integer({ min: 1, max: 64 });
const indexes = (of: number) => Array.from({ length: of }, (_, index) => ({ index, of }));

test('processes have all connections of a transport between them, each at least one', () => {
  fc.assert(
    fc.property(processes, fc.integer({ min: 0, max: 200 }), (of, more) => {
      const shares = indexes(of).map((share) => connectionsOfProcess(of + more, share));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(of + more);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    }),
  );
});

test('a transport with fewer connections than processes belongs to one of them, with all of its connections', () => {
  fc.assert(
    fc.property(processes, fc.integer({ min: 1, max: 64 }), fc.nat(), (of, connections, account) => {
      const owners = indexes(of).filter((share) => !isOfAnotherProcess(account, connections, share));
      expect(owners.length).toBe(connections < of ? 1 : of);
      const held = owners.reduce((sum, share) => sum + connectionsOfProcess(connections, share), 0);
      expect(held).toBe(connections);
    }),
  );
});
