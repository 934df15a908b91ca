// Known vulnerabilities of the packages that the product runs with. Exit code 1: there are some; 2: the registry does not say.
import { spawnSync } from 'node:child_process';

const SEVERITIES = ['critical', 'high', 'moderate', 'low'];

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' });
const report = parsed(stdout);
if (report?.metadata?.vulnerabilities === undefined) {
  const reason = report?.message ?? report?.error?.summary ?? 'no answer';
  console.log(
    `Not checked: the package registry does not answer questions about advisories (${reason.split('\n')[0]}).`,
  );
  console.log('Run it again with a registry that does: npm run advisories --registry=https://registry.npmjs.org');
  process.exit(2);
}
const found = Object.values(report.vulnerabilities).sort(
  (one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity),
);
for (const { name, severity, range, fixAvailable, via } of found) {
  const titles = via.flatMap((one) => (typeof one === 'string' ? [] : [`${one.title} (${one.url})`]));
  const fix = fixAvailable === false ? 'no fix yet' : 'a fix is available';
  console.log(`${severity.padEnd(8)} ${name} ${range}, ${fix}${titles.map((title) => `\n         ${title}`).join('')}`);
}
const { dependencies } = report.metadata;
console.log(
  `${found.length === 0 ? 'No' : found.length} known vulnerabilities in ${dependencies?.prod ?? 'all'} packages.`,
);
process.exit(found.length === 0 ? 0 : 1);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
