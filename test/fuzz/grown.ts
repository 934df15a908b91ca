import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Characters of a letter that grows. */
const LONG = 200_000;
/** The longest block of the event loop, compared with that of a letter of 1 kB in the same run. */
const MOST_TIMES = 5;

/** Constructs that authors write; each is repeated until the letter is 200 kB long. */
const CONSTRUCTS: Readonly<Record<string, string>> = {
  output: '{{ first_name }}',
  filters: '{{ first_name | default: "you" | upcase }}',
  path: '{{ a.b.c["d"] }}',
  condition: '{% if a == b or c %}x{% else %}y{% endif %}',
  loop: '{% for t in tags %}{{ t }}{% endfor %}',
  assignment: '{% assign a = b %}',
  capture: '{% capture a %}x{% endcapture %}',
  comment: '{% comment %}x{% endcomment %}',
  raw: '{% raw %}{{ x }}{% endraw %}',
  braces: '{ { } }',
  references: '&#123;&#123; x }}',
  paragraph: '<p>Hello</p>',
  link: '<a href="https://x.example/">x</a> ',
  personal: '<a href="{{ attributes.u }}">x</a> ',
  style: '<p style="color:red;margin:0">x</p>',
  sheet: '<style>.a{color:red}</style>',
  outlook: '<!--[if mso]><p>x</p><![endif]-->',
  remark: '<!-- x -->',
  attribute: '<p title="{{ a }}" {% if b %}class="c"{% endif %}>x</p>',
  row: '<table><tr><td>x</td></tr></table>',
  picture: '<img src="https://x.example/a.png" alt="">',
  opening: '<',
};
/** Begins and ends of a construct that is put into itself. */
const NESTED: Readonly<Record<string, readonly [string, string]>> = {
  blocks: ['{% if a %}', '{% endif %}'],
  loops: ['{% for i in (1..9) %}', '{% endfor %}'],
  elements: ['<div>', '</div>'],
  tables: ['<table><tr><td>', '</td></tr></table>'],
  spans: ['<b>', '</b>'],
};
const MJML: Readonly<Record<string, string>> = {
  texts: '<mj-text>x</mj-text>',
  buttons: '<mj-button href="https://x.example/">x</mj-button>',
  unknown: '<mj-x></mj-x>',
};
/** One tag or rule that is long itself. */
const INSIDE: Readonly<Record<string, readonly [string, string, string]>> = {
  'path of names': ['{{ a', '.b', ' }}'],
  'path in brackets': ['{{ a', '["b"]', ' }}'],
  operators: ['{% if a', ' or a == b', ' %}x{% endif %}'],
  chain: ['{{ a', ' | upcase', ' }}'],
  string: ['{{ "', 'x', '" }}'],
  blanks: ['{{ a', ' ', ' }}'],
  list: ['{% liquid\n', 'assign a = 1\n', '%}'],
  selectors: ['<style>', 'a,', 'b{color:red}</style><p>x</p>'],
  rules: ['<style>', '.a{color:red}', '</style><p class="a">x</p>'],
  queries: ['<style>', '@media x{', '</style><p>x</p>'],
  declarations: ['<p style="', 'color:red;', '">x</p>'],
  attributes: ['<p ', 'a="b" ', '>x</p>'],
};

interface Body {
  readonly html?: string;
  readonly mjml?: string;
}

function grown(): readonly (readonly [name: string, body: Body])[] {
  const alone = Object.entries(CONSTRUCTS).map(([name, one]) => [name, { html: repeated(one) }] as const);
  const nested = Object.entries(NESTED).map(([name, [begin, end]]) => {
    const times = Math.floor(LONG / (begin.length + end.length));
    return [`${name} in each other`, { html: `${begin.repeat(times)}x${end.repeat(times)}` }] as const;
  });
  const mjml = Object.entries(MJML).map(([name, one]) => {
    const source = `<mjml><mj-body><mj-section><mj-column>${repeated(one)}</mj-column></mj-section></mj-body></mjml>`;
    return [`MJML ${name}`, { mjml: source }] as const;
  });
  const inside = Object.entries(INSIDE).map(
    ([name, [begin, one, end]]) => [name, { html: begin + repeated(one) + end }] as const,
  );
  return [...alone, ...nested, ...mjml, ...inside];
}

function repeated(one: string): string {
  return one.repeat(Math.floor(LONG / one.length));
}

type Post = (path: string, body: object) => Promise<{ readonly status: number; readonly id: number | undefined }>;

/** A block that the letter causes comes each time; one of the machine does not. */
const MEASUREMENTS = 5;

/**
 * Sends each construct, grown, as a template, as a campaign and to its check. Returns the faults: answers other than 2xx and
 * 422, and blocks of the event loop of the API, which runs in this process.
 */
export async function growConstructs(api: string, secret: string, list: number): Promise<readonly string[]> {
  const post = poster(api, secret);
  const usual = await usualBlock(post, list);
  const faults: string[] = [];
  const blocks: { readonly name: string; readonly block: number }[] = [];
  for (const [name, body] of grown()) {
    const block = await measured(post, list, name, body, faults, MOST_TIMES * usual);
    if (block > MOST_TIMES * usual) faults.push(`${name}: the event loop stood for ${Math.round(block)} ms`);
    blocks.push({ name, block });
  }
  const longest = blocks.toSorted((one, other) => other.block - one.block)[0];
  process.stdout.write(
    `grown constructs: ${blocks.length}; 1 kB: ${usual.toFixed(1)} ms; longest: ${longest?.name}, ${longest?.block.toFixed(1)} ms\n`,
  );
  return faults;
}

function poster(api: string, secret: string): Post {
  return async (path, body) => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    const answer = await fetch(`${api}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const { data } = (await answer.json()) as { data?: { id?: number } };
    return { status: answer.status, id: data?.id };
  };
}

const WARM_UP = 5;

/** The longest block of a letter of 1 kB, after the code has warmed up. */
async function usualBlock(post: Post, list: number): Promise<number> {
  const small = { html: '<p>Hello {{ first_name | default: "you" }}, good morning.</p>'.repeat(16) };
  const blocks: number[] = [];
  for (let n = 0; n < WARM_UP + 20; n += 1) blocks.push((await trial(post, list, small)).block);
  return Math.max(...blocks.slice(WARM_UP));
}

/** The shortest of some measurements, unless the first is short enough. */
async function measured(
  post: Post,
  list: number,
  name: string,
  body: Body,
  faults: string[],
  enough: number,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < MEASUREMENTS && least > enough; n += 1) {
    const { block, statuses } = await trial(post, list, body);
    const wrong = statuses.filter(([, status]) => status >= 300 && status !== 422);
    faults.push(...wrong.map(([what, status]) => `${name}: ${what} was answered with ${status}`));
    least = Math.min(least, block);
  }
  return least;
}

async function trial(post: Post, list: number, body: Body) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const statuses = await statusesOf(post, list, body);
  delay.disable();
  return { statuses, block: delay.max / 1e6 };
}

async function statusesOf(post: Post, list: number, body: Body): Promise<readonly (readonly [string, number])[]> {
  const template = await post('/templates', { name: 'Grown', contents: { en: body } });
  if (body.html === undefined) return [['template', template.status]];
  const campaign = await post('/campaigns', { list_id: list, subject: 'Grown', html: body.html });
  const shown = campaign.id === undefined ? [] : [['check', await checked(post, campaign.id)] as const];
  return [['template', template.status], ['campaign', campaign.status], ...shown];
}

async function checked(post: Post, campaign: number): Promise<number> {
  return (await post(`/campaigns/${campaign}/check`, {})).status;
}
