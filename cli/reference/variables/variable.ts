import type { Config } from '../../../config.js';

/** One variable of the environment, as the reference describes it. Tests compare each with what `config.ts` reads. */
export interface Variable {
  readonly name: string;
  readonly meaning: string;
  /** As an operator would write it; absent where the default is not a plain value. */
  readonly fallback?: string;
  /** What happens without it, where there is no plain value. */
  readonly otherwise?: string;
  readonly example: string;
  /** The field of `Config` that it fills. */
  readonly field: keyof Config;
}
