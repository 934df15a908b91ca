import { apiPage, errorsPage } from './api.js';
import { configurationPage } from './configuration.js';
import { eventsPage } from './events.js';
import { limitsPage } from './limits.js';
import { metricsPage } from './metrics.js';
import { outcomesPage } from './outcomes.js';
import type { Page } from './page.js';
import { performancePage } from './performance.js';
import { reliabilityPage } from './reliability.js';
import { sizingPage } from './sizing.js';
import { statesPage } from './states.js';

/** Every generated page of docs/reference, from the current code. */
export async function referencePages(): Promise<readonly Page[]> {
  const fromCode = [
    configurationPage(),
    errorsPage(),
    eventsPage(),
    limitsPage(),
    metricsPage(),
    outcomesPage(),
    statesPage(),
  ];
  return [await apiPage(), ...fromCode, performancePage(), sizingPage(), reliabilityPage()];
}
