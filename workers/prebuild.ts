import { writeFile } from 'node:fs/promises';
import { bundled, PREBUILT } from './bundle.js';

/** The last step of `npm run build`: the product starts without bundling. */
const { code } = await bundled();
await writeFile(PREBUILT, code);
