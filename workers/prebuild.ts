import { writeFile } from 'node:fs/promises';
import { bundleWorkflows, PREBUILT } from './bundle.js';

/** The last step of `npm run build`: the product starts without bundling. */
const { code } = await bundleWorkflows();
await writeFile(PREBUILT, code);
