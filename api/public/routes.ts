import type { Api } from '../api.js';
import { applyFailure, sendFailure } from '../hooks/failures.js';
import type { Deps } from '../wiring.js';
import { approval } from './approval.js';
import { confirm } from './confirm.js';
import { home } from './home.js';
import { optOut } from './key-opt-out.js';
import { confirmationReader, linkReader, messageLinkReader, previewLinkReader } from './link-reader.js';
import { pageStyleFor, sendTextPage } from './page.js';
import { preferences } from './preferences.js';
import { preview } from './preview.js';
import { acceptForms } from './schema.js';
import { signup, wantsJson } from './signup.js';
import { trackedLinks } from './tracking/tracked-links.js';
import { unsubscribe } from './unsubscribe.js';
import { viewInBrowser } from './view-in-browser.js';

/** The page at `/`, and the pages behind links in mails: for recipients without a key, in their language, usable without JavaScript. */
export function publicPages(app: Api, deps: Deps): void {
  acceptForms(app);
  app.setErrorHandler(async (error, request, reply) => {
    if (wantsJson(request)) return sendFailure(error, request, reply);
    applyFailure(error, request, reply);
    const style = await pageStyleFor(deps, request);
    return sendTextPage(reply, style, { status: reply.statusCode, title: 'error_title', text: 'error_text' });
  });
  const readLink = linkReader(deps.linkKeys);

  home(app, deps);
  unsubscribe(app, deps, readLink);
  optOut(app, deps, messageLinkReader(deps.linkKeys));
  preferences(app, deps, readLink);
  viewInBrowser(app, deps, readLink);
  signup(app, deps);
  approval(app, deps);
  confirm(app, deps, confirmationReader(deps.linkKeys));
  preview(app, deps, previewLinkReader(deps.linkKeys));
  trackedLinks(app, deps);
}
