import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../config.js';
import { referencePages } from './pages.js';

/** `npm run docs`: generates docs/reference. */
for (const { path, text } of await referencePages()) {
  const file = join(packageRoot(), path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(path);
}
