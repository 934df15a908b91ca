import { afterAll, vi } from 'vitest';
import { useClock } from '../../clock.js';

/** The files of a process share its modules: a clock that one of them sets must not stand still for the next. */
afterAll(() => {
  useClock({})();
  vi.useRealTimers();
});
