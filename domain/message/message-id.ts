/** When the id of a message, a UUID v7, was made: its first 48 bits (RFC 9562 §5.7). */
export function timeOfMessageId(id: string): Date {
  return new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16));
}
