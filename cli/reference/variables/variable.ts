import type { Config } from '../../../config.js';

/** One variable of the environment, as the reference tells it. Tests compare each with what `config.ts` reads. */
export interface Variable {
  readonly name: string;
  readonly meaning: string;
  /** As somebody would write it; absent where the default is no plain value. */
  readonly fallback?: string;
  /** What happens without it, where there is no plain value. */
  readonly otherwise?: string;
  readonly example: string;
  /** The field of `Config` that it fills. */
  readonly field: keyof Config;
  /** Read and checked, but nothing asks for it yet. */
  readonly unused?: true;
}
