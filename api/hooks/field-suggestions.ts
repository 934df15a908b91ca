import type { TSchema } from 'typebox';

/** The keywords of a schema that are read here. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
}

/** Names of other APIs, in the form of `plain`, for fields here; the first one that the schema has is suggested. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = namesFor({
  html: 'body content htmlbody htmlcontent htmlpart bodyhtml message messagehtml',
  text: 'textbody textcontent textpart bodytext plain plaintext bodyplain',
  subject: 'title headline messagesubject',
  preheader: 'previewtext preview snippet',
  from: 'sender fromemail fromaddress mailfrom sendas fromname',
  to: 'recipient recipients receiver toemail toaddress destination email toname',
  reply_to: 'replytoemail replytoaddress replytolist replyto',
  context:
    'variables vars data substitutions substitutiondata params parameters placeholders personalization personalizations ' +
    'mergevars mergevariables globalmergevars templatedata templatemodel templatevariables dynamictemplatedata',
  template_id: 'template templateid templatename templatealias templateuuid',
  identifier: 'key slug alias templatekey',
  name: 'filename file title label displayname',
  data: 'content base64 base64content contentbytes filecontent bytes',
  mime: 'type contenttype mimetype mediatype',
  cid: 'contentid inlineid',
  scheduled_at: 'sendat deliverat deliverytime scheduleat scheduledate sendtime sendon scheduletime deliverytimestamp',
  expires_at: 'expiresin ttl expiry validuntil',
  per_second: 'rate ratepersecond persec',
  rate_per_second: 'rate persecond persec',
  list_id: 'list lists listids listuid audience audienceid segmentid',
  first_name: 'fname givenname forename',
  last_name: 'lname surname familyname',
  attributes: 'customfields customattributes fields mergefields attribs properties metadata',
  tags: 'tag labels categories category topics',
  metadata: 'meta customargs uniqueargs customdata',
  headers: 'customheaders',
  track: 'tracking trackopens trackclicks openstracking',
  url: 'endpoint targeturl callback callbackurl webhookurl uri',
  types: 'events eventtypes triggers eventtype',
  events: 'types eventtypes triggers eventtype',
  subscribers: 'contacts members people recipients emails',
  emails: 'addresses email recipients',
  email: 'address emailaddress mail',
  language: 'lang locale',
  status: 'state subscribed',
  schedule: 'cron schedules',
  source: 'feed content',
  per_page: 'limit pagesize perpage count size',
  limit: 'perpage pagesize count size',
  page: 'offset pagenumber',
  after: 'cursor startingafter startafter next pagetoken',
  role: 'permission permissions',
  scopes: 'scope permissions abilities',
});

function namesFor(names: Readonly<Record<string, string>>): Record<string, string[]> {
  // Without a prototype, because a caller may name a field `constructor`.
  const found = Object.create(null) as Record<string, string[]>;
  for (const [own, others] of Object.entries(names)) {
    for (const other of others.split(' ')) found[other] = [...(found[other] ?? []), own];
  }
  return found;
}

/** ` Did you mean html?` for a name that another API has or that is misspelt; empty where nothing is near. */
export function suggestionFor(schema: TSchema, parents: readonly string[], name: string): string {
  const known = fieldsAt([schema as Shape], parents);
  const given = plain(name);
  const found =
    known.find((field) => plain(field) === given) ??
    OTHER_NAMES[given]?.find((field) => known.includes(field)) ??
    nearest(known, given);
  return found === undefined ? '' : ` Did you mean ${found}?`;
}

function plain(name: string): string {
  return name
    .slice(0, 64)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
}

/** The fields of the objects at this path, in whichever form. */
function fieldsAt(schemas: readonly Shape[], [first, ...rest]: readonly string[]): string[] {
  const forms = schemas.flatMap((schema) => [schema, ...(schema.anyOf ?? [])]);
  if (first === undefined) return [...new Set(forms.flatMap(({ properties = {} }) => Object.keys(properties)))];
  return fieldsAt(
    forms.flatMap(({ properties = {}, items }) => (/^\d+$/.test(first) ? items : properties[first]) ?? []),
    rest,
  );
}

/** The field with the fewest changes of single letters: one in a short name, two in a longer one. */
function nearest(known: readonly string[], given: string): string | undefined {
  const most = given.length < 4 ? 0 : given.length < 6 ? 1 : 2;
  const [best] = known
    .map((field) => ({ field, changes: changesBetween(plain(field), given) }))
    .filter(({ changes }) => changes <= most)
    .sort((a, b) => a.changes - b.changes);
  return best?.field;
}

/** Levenshtein's distance; two neighbours that changed places count as one change. */
function changesBetween(one: string, other: string): number {
  let [before, row] = [[] as number[], Array.from({ length: other.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1];
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [before, row] = [row, next];
  }
  return row[other.length] ?? 0;
}
