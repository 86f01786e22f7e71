/** As large as a file may be. */
const BYTES = 256 * 1024;
/** Few enough for a file, with what else stands there: entries of ten names and values, and aliases. */
const [ENTRIES, ALIASES] = [2500, 1000];

const HEAD = 'apiVersion: keyturn/v1\naccount: main\nvenue: binance\n';
const aKey = (name: string) => `{ name: ${name}, application: ${name}, purpose: tax-data, rotateEvery: 30d }`;

const filledWith = (form: string | ((place: number) => string), bytes = BYTES): string => {
  let text = '';
  for (let place = 0; text.length < bytes; place += 1) text += typeof form === 'string' ? form : form(place);
  return text.slice(0, bytes);
};
const many = (count: number, each: (place: number) => string): string =>
  Array.from({ length: count }, (_, place) => each(place)).join('');

/**
 * The texts that took longest of those that were tried: runs of one and two characters that mean something in YAML, several hundred
 * longer ones at random, and files full of each thing that a policy is made of.
 */
export const COSTLY: Readonly<Record<string, string>> = {
  // Each character or token is a mistake.
  ...Object.fromEntries(
    ['"', ']', '{}', '}!', '\t}', '\n]', '\n:', '*\n', '%\n', '[', '{a: ', '- ', '? '].map((form) => [
      `only ${JSON.stringify(form)}`,
      filledWith(form),
    ]),
  ),
  'nothing between commas': `{${filledWith(',', BYTES - 1)}`,

  'thousands of field names': filledWith((place) => `a${place}:\n`),
  'one field name thousands of times': filledWith('a:\n'),

  'thousands of anchors with an alias each': filledWith((place) => `- &a${place} x\n- *a${place}\n`),
  'thousands of aliases of one anchor': `- &a x\n${filledWith('- *a\n', BYTES - 7)}`,
  'a thousand aliases of one key': `${HEAD}keys:\n - &k ${aKey('k')}\n${many(ALIASES, () => ' - *k\n')}`,
  'one key merged into a thousand': `${HEAD}keys:\n - &k ${aKey('k')}\n${many(ALIASES, (place) => ` - {<<: *k, name: z${place}}\n`)}`,
  'a thousand keys, each merged into the next': `${HEAD}keys:\n - &a0 ${aKey('k')}\n${many(ALIASES, (place) => ` - &a${place + 1} {<<: *a${place}}\n`)}`,

  'a list full of nothing': `${HEAD}keys: [${filledWith('~,', BYTES / 2)}]`,
  'a list full of keys without fields': `${HEAD}keys: [${filledWith('{},', BYTES / 2)}]`,
  'fewer of them': `${HEAD}keys:\n${many(29_000, () => ' - {}\n')}`,
  'many keys': `${HEAD}keys:\n${many(ENTRIES, (place) => ` - ${aKey(`k${place}`)}\n`)}`,
  'purposes that permit nothing': `${HEAD}keys:\n - ${aKey('k')}\npurposes:\n${many(14_000, (place) => ` p${place}:\n`)}`,
  'waivers for keys that are not there': `${HEAD}keys:\n - ${aKey('k')}\nwaivers:\n${many(ENTRIES, (place) => ` - {rule: owner, key: z${place}, reason: r, until: 2030-01-01}\n`)}`,
};
