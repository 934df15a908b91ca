/** The scopes of a key; `admin` includes the others. */
export const SCOPES = ['read', 'send', 'contacts', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** `retiring`: a successor exists, and both keys work until it is validated or the overlap ends. */
export type KeyState = 'active' | 'retiring' | 'revoked';

/** The current state of a key, from its row and the time. */
export type KeyStatus = KeyState | 'expired';

interface Lifetime {
  readonly state: KeyState;
  readonly expires_at: Date | null;
  /** The end of a rotation's overlap; the key counts as revoked from then on. */
  readonly retires_at: Date | null;
}

export function keyStatusOf({ state, expires_at, retires_at }: Lifetime, at: Date): KeyStatus {
  if (state === 'revoked') return 'revoked';
  if (state === 'retiring' && retires_at !== null && retires_at <= at) return 'revoked';
  if (expires_at !== null && expires_at <= at) return 'expired';
  return state;
}

export function mayBeUsed(status: KeyStatus): boolean {
  return status === 'active' || status === 'retiring';
}

export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.includes(needed) || scopes.includes('admin');
}

const SIX_MONTHS = 183 * 24 * 3_600_000;

/** From then on the owner is reminded to rotate the key. */
export function rotationDue(created: Date): Date {
  return new Date(created.getTime() + SIX_MONTHS);
}
