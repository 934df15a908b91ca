import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VARIABLES } from '../../cli/reference/variables/variables.js';
import { packageRoot, readConfig } from '../../config.js';

const variables = Object.values(VARIABLES).flat();
const sources = execFileSync('git', ['ls-files', '*.ts'], { cwd: packageRoot() })
  .toString()
  .split('\n')
  .filter((path) => path !== '' && !/^(?:test|bench|cli\/reference)\//.test(path) && path !== 'config.ts')
  .map((path) => readFileSync(join(packageRoot(), path), 'utf8'))
  .join('\n');

/** The names that the reader of the configuration asks the environment for. */
function namesRead(): string[] {
  const names = new Set<string>();
  const environment = new Proxy<Record<string, string>>(
    {},
    { get: (_none, name) => void names.add(String(name)), has: () => false },
  );
  readConfig(environment);
  return [...names].sort();
}

test('every variable that is read is documented, and the other way round', () => {
  expect(variables.map(({ name }) => name).sort()).toEqual(namesRead());
});

describe.each(variables)('$name', ({ name, fallback, example, field }) => {
  test('its default, written out, changes nothing', () => {
    expect(readConfig(fallback === undefined ? {} : { [name]: fallback })).toEqual(readConfig({}));
  });

  test('its example is accepted and fills the field it is said to fill', () => {
    expect(readConfig({ [name]: example })[field]).not.toEqual(readConfig({})[field]);
  });

  test('code uses it', () => {
    expect(new RegExp(`\\b${field}\\b`).test(sources)).toBe(true);
  });
});
