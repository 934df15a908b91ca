/** `2026-05-15T09:00:12+00:00`: UTC, whole seconds, as in the documents. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}+00:00`;
}

export function timestampOrNull(date: Date | null): string | null {
  return date === null ? null : timestamp(date);
}
