import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { packageRoot } from '../../../config.js';

/** Files that git knows or would add, without those deleted in the work tree. */
export const tracked: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard'],
  { cwd: packageRoot() },
)
  .toString()
  .split('\n')
  .filter((path) => path !== '' && exists(path));

/** TypeScript files except the generated client. */
export const sources: readonly string[] = tracked.filter((path) => path.endsWith('.ts') && !path.startsWith('client/'));

export function exists(path: string): boolean {
  return existsSync(join(packageRoot(), path));
}

export function textOf(path: string): string {
  return readFileSync(join(packageRoot(), path), 'utf8');
}

export interface Import {
  readonly from: string;
  /** Without its extension. */
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Static and dynamic imports of the repository's own files. */
export function importsOf(path: string): Import[] {
  const found = textOf(path).matchAll(
    /^(?:import|export)\s+(?:(type\s)?[^'"]*?from\s+)?'(\.[^']+)'|import\('(\.[^']+)'\)/gm,
  );
  return [...found].map(([, type, specifier, dynamic]) => ({
    from: path,
    to: normalize(join(dirname(path), specifier ?? dynamic ?? '')).replace(/\.js$/, ''),
    typeOnly: type !== undefined,
  }));
}

/** The folder at the top of the repository, or the name of a file there. */
export function layerOf(path: string): string {
  return path.split('/')[0]?.replace(/\.ts$/, '') ?? '';
}
