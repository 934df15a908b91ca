import { timestamp } from '../domain/timestamp.js';

export { timestamp };

export function timestampOrNull(date: Date | null): string | null {
  return date === null ? null : timestamp(date);
}
