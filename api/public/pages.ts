import type { Api } from '../app.js';
import type { Deps } from '../deps.js';
import { admitFailure, answerFailure } from '../failures.js';
import { approval } from './approval.js';
import { confirm } from './confirm.js';
import { acceptForms } from './forms.js';
import { confirmationReader, linkReader, messageLinkReader } from './link-reader.js';
import { optOut } from './opt-out.js';
import { preferences } from './preferences.js';
import { signup } from './signup.js';
import { wantsJson } from './signup-form.js';
import { trackedLinks } from './tracking/tracked-links.js';
import { unsubscribe } from './unsubscribe.js';
import { viewInBrowser } from './view.js';
import { lookFor, sayOnPage } from './visit.js';

/** The pages that links in mails lead to: for people without a key, in their language, never depending on JavaScript. */
export function publicPages(app: Api, deps: Deps): void {
  acceptForms(app);
  app.setErrorHandler(async (error, request, reply) => {
    if (wantsJson(request)) return answerFailure(error, request, reply);
    admitFailure(error, request, reply);
    const look = await lookFor(deps, request);
    return sayOnPage(reply, look, { status: reply.statusCode, title: 'trouble_title', text: 'trouble_text' });
  });
  const readLink = linkReader(deps.secrets);

  unsubscribe(app, deps, readLink);
  optOut(app, deps, messageLinkReader(deps.secrets));
  preferences(app, deps, readLink);
  viewInBrowser(app, deps, readLink);
  signup(app, deps);
  approval(app, deps);
  confirm(app, deps, confirmationReader(deps.secrets));
  trackedLinks(app, deps);
}
