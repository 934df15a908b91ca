import { sharedSettings } from '../../config/shared-settings.js';
import { readConfig } from '../../config.js';
import { code, type Page, page, table } from './page.js';
import type { Variable } from './variables/variable.js';
import { VARIABLES } from './variables/variables.js';

/** Every variable of the environment. */
export function configurationPage(): Page {
  const groups = Object.entries(VARIABLES).flatMap(([group, variables]) => [
    `## ${group}`,
    table(
      ['variable', 'meaning', 'default', 'example'],
      variables.map((one) => [code(one.name), meaningOf(one), defaultOf(one), code(one.example)]),
    ),
  ]);
  return page(
    'configuration',
    'cli/reference/variables/variables.ts',
    'Configuration',
    'The environment is read once at the start; all errors are reported together. Switches are `on` or `off`. `npm run doctor`\nreports what prevents a start. Processes compare the variables that must be the same, see [production](../guides/production.md#settings-of-all-processes).',
    ...groups,
    SMTP_PARAMETERS,
  );
}

const SHARED = sharedSettings(readConfig({}));

function meaningOf({ name, meaning }: Variable): string {
  return name in SHARED ? `${meaning}; the same for all processes` : meaning;
}

function defaultOf({ fallback, otherwise }: Variable): string {
  return fallback === undefined ? (otherwise ?? '') : code(fallback);
}

const SMTP_PARAMETERS = `## Parameters of \`SMTP_URL\`

| parameter | meaning |
| --- | --- |
| \`tls=require\` | require STARTTLS; without the parameter it is used if the server offers it |
| \`tls=off\` | never use STARTTLS |
| \`tls=insecure\` | accept any certificate |
| \`auth=LOGIN\` | the authentication mechanism, instead of the one that the server prefers |
| \`messages=100\` | mails after which a connection is replaced (1000) |
| \`name=mail.example.org\` | the name in EHLO |

Other parameters are refused at the start.`;
