import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binanceCapabilities } from '../providers/venues/binance/capabilities.ts';
import { BinanceOptions } from '../providers/venues/binance/options.ts';
import { deribitCapabilities } from '../providers/venues/deribit/capabilities.ts';
import { DeribitOptions } from '../providers/venues/deribit/options.ts';
import { hasErrors, loadPolicies, type PolicyContext, type Problem } from '../src/policy-files.ts';
import { someCapabilities } from './build.ts';

const context: PolicyContext = {
  venues: new Map([['binance', { capabilities: someCapabilities(), insideAddress: null }]]),
  stores: new Set(['local']),
  today: new Date('2026-11-24T12:00:00Z'),
};

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'keyturn-policies-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;

/** A folder of its own with these files. */
function aFolder(files: Record<string, string | Buffer>): string {
  folders += 1;
  const folder = join(root, `${folders}`);
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const load = (text: string | Buffer) => loadPolicies([aFolder({ 'a.yaml': text })], context);
const shown = ({ line, column, rule, path, message }: Omit<Problem, 'file'>) =>
  `${line}:${column} ${rule} ${path}: ${message}`;

const SOUND = `apiVersion: keyturn/v1
account: main
venue: binance
defaults: { ipAllowlist: [203.0.113.7] }
keys:
  - name: spot
    application: market-maker
    purpose: spot-trading
    rotateEvery: 30d
    owner: desk-a
`;

/** The sound file with a part replaced, or with lines added at its end. */
const changed = (part: string, replacement: string) => SOUND.replace(part, replacement);
const extended = (...lines: string[]) => `${SOUND}${lines.join('\n')}\n`;

describe('a file', () => {
  it('gives its keys, with the lines they stand on', async () => {
    const { files, keys, problems, waivers } = await load(
      extended('waivers:', '  - { rule: owner, key: spot, reason: soon, until: 2027-01-01 }'),
    );
    expect({ files, problems }).toMatchObject({ files: [expect.any(String)], problems: [] });
    expect(keys).toMatchObject([{ id: 'main/spot', source: { line: 6 } }]);
    expect(waivers).toMatchObject([{ rule: 'owner', key: 'main/spot', until: '2027-01-01', source: { line: 12 } }]);
  });

  it('with many different mistakes shows them all at once, and where they are', async () => {
    const { keys, problems } = await load(`apiVersion: keyturn/v1
account: Main
venue: binanse
defaults:
  ipAlowlist: [203.0.113.7]
keys:
  - name: spot
    application: market-maker
    purpose: spot-trading
    rotateEvery: 720h
`);
    expect(keys).toEqual([]);
    expect(problems.map(shown)).toEqual([
      expect.stringMatching(/^2:10 schema account: account must be 1 to 80 lower-case letters/),
      '3:8 schema venue: there is no venue named binanse',
      '5:3 schema defaults.ipAlowlist: there is no field ipAlowlist here',
      '7:5 ip-allowlist keys.0.ipAllowlist: whoever gets this key can use it from anywhere (spot-trade)',
      '7:5 owner keys.0.owner: this key has no owner',
      '10:18 schema keys.0.rotateEvery: rotateEvery must be whole days from 30d to 90d, written in d',
    ]);
    const helps = problems.map(({ help }) => help);
    expect(helps).toContain('did you mean ipAllowlist?');
    expect(helps).toContainEqual(expect.stringContaining('did you mean binance?'));
    expect(helps).toContainEqual(expect.stringContaining('write for example 30d or 90d'));
  });

  it('with a mistake in its defaults says so once, where it is written', async () => {
    const second = 'keys:\n  - { name: tax, application: tax, purpose: tax-data, rotateEvery: 30d, owner: finance }';
    const { problems } = await load(changed('203.0.113.7', '203.0.113.0/8').replace('keys:', second));
    expect(problems.map(shown)).toEqual([
      '4:27 allowlist-entry defaults.ipAllowlist.0: 203.0.113.0/8 is wider than /24',
    ]);
  });

  it('with waived findings lists them as waived', async () => {
    const waivedUntil = (until: string) =>
      load(
        extended('    passphrase: none', `waivers: [{ rule: passphrase, key: spot, reason: legacy, until: ${until} }]`),
      );
    const inForce = await waivedUntil('2026-11-24');
    expect(inForce.problems).toMatchObject([
      { rule: 'passphrase', severity: 'error', line: 11, column: 17, waived: true },
    ]);
    expect(hasErrors(inForce.problems)).toBe(false);
    const expired = await waivedUntil('2026-11-23');
    expect(expired.problems).toMatchObject([
      { rule: 'passphrase', waived: false },
      { rule: 'waiver', path: 'waivers.0.until', waived: false },
    ]);
    expect(hasErrors(expired.problems)).toBe(true);
  });

  it('shares names with other files of its account, and with none of another', async () => {
    const folder = aFolder({ 'a.yaml': SOUND, 'b.yaml': SOUND, 'c.yaml': changed('main', 'other') });
    const { files, problems } = await loadPolicies([folder], context);
    expect(files).toHaveLength(3);
    expect(problems.map((problem) => `${problem.file} ${shown(problem)}`)).toEqual([
      `${folder}/b.yaml 6:11 unique-key keys.0.name: spot is already the name of the key at ${folder}/a.yaml:6`,
      `${folder}/b.yaml 8:14 unique-key keys.0.purpose: market-maker already has a key for spot-trading at ${folder}/a.yaml:6`,
    ]);
  });
});

const MISTAKES: Record<string, { text: string; problems: unknown[]; help?: string }> = {
  'nothing in it': {
    text: '# nothing\n',
    problems: ['1:1 schema : the file must be a set of fields, not empty'],
  },
  'a field without a value': {
    text: changed('owner: desk-a', 'owner:'),
    problems: ['10:5 schema keys.0.owner: owner must be a text, not empty'],
  },
  'a text that YAML reads as a number': {
    text: changed('desk-a', '7'),
    problems: ['10:12 schema keys.0.owner: owner must be a text, not a number'],
    help: 'put it in quotes',
  },
  'a number that would not do as a text either': {
    text: changed('30d', '30'),
    problems: ['9:18 schema keys.0.rotateEvery: rotateEvery must be a text, not a number'],
    help: 'write for example 30d or 90d (how long one generation serves before it is replaced)',
  },
  'fewer than 30 days': {
    text: changed('30d', '29d'),
    problems: ['9:18 schema keys.0.rotateEvery: rotateEvery must be whole days from 30d to 90d, written in d'],
  },
  'more than 90 days': {
    text: changed('30d', '91d'),
    problems: ['9:18 schema keys.0.rotateEvery: rotateEvery must be whole days from 30d to 90d, written in d'],
  },
  'a missing field': {
    text: changed('    application: market-maker\n', ''),
    problems: ['6:5 schema keys.0.application: application is missing'],
    help: 'add application, for example application: market-maker (the one application that uses it)',
  },
  'another version': {
    text: changed('keyturn/v1', 'keyturn/v2'),
    problems: ['1:13 schema apiVersion: apiVersion must be keyturn/v1'],
  },
  'a misspelt value': {
    text: extended('    algorithm: rsa2048'),
    problems: ['11:16 schema keys.0.algorithm: algorithm must be one of rsa-2048, rsa-3072, rsa-4096, ed25519'],
    help: 'did you mean rsa-2048?',
  },
  'no keys': {
    text: `${SOUND.slice(0, SOUND.indexOf('keys:'))}keys: []\n`,
    problems: ['5:7 schema keys: keys must have at least 1 entry'],
  },
  'a window over midnight, and times that are none': {
    text: extended(
      '    schedule:',
      '      windows:',
      '        - { days: [fri], from: "22:00", to: "06:00", timeZone: UTC }',
      '        - { days: [fri], from: "9:00", to: "24:01", timeZone: UTC }',
      '        - { days: [fri], from: "20:00", to: "24:00", timeZone: Europe/Londn }',
    ),
    problems: [
      expect.stringMatching(
        /^13:45 schema keys.0.schedule.windows.0.to: to must be later than from; .* written as two/,
      ),
      '14:32 schema keys.0.schedule.windows.1.from: from must be a time from 00:00 to 23:59',
      '14:44 schema keys.0.schedule.windows.1.to: to must be a time from 00:00 to 24:00',
      '15:64 schema keys.0.schedule.windows.2.timeZone: timeZone must be a time zone of the IANA database',
    ],
  },
  'a freeze on days that do not exist, or backwards': {
    text: extended(
      '    schedule:',
      '      freezes:',
      '        - { from: 2026-02-28, to: 2026-02-29, reason: leap }',
      '        - { from: 2026-03-02, to: 2026-03-01, reason: back }',
    ),
    problems: [
      '13:35 schema keys.0.schedule.freezes.0.to: to must be a day of the calendar, written YYYY-MM-DD',
      '14:35 schema keys.0.schedule.freezes.1.to: to must not be before from',
    ],
  },
  'a purpose of its own that is built in': {
    text: extended('purposes: { tax-data: { permissions: [read] } }'),
    problems: [expect.stringMatching(/^11:13 schema purposes.tax-data: .* this purpose is built in/)],
  },
  'a waiver that is not filled': {
    text: extended('waivers: [{ rule: owner, key: spot, reason: "" }]'),
    problems: [
      '11:11 waiver waivers.0.until: until is missing',
      expect.stringMatching(/^11:37 waiver waivers.0.reason: reason must be one line of text/),
    ],
  },
  'what would steer a terminal': {
    text: changed('desk-a', '"desk\\u001b[2J"'),
    problems: [expect.stringMatching(/^10:12 schema keys.0.owner: owner must be one line of text/)],
  },
  'a field written twice, and another mistake beside it': {
    text: extended('    owner: desk-b', '    algoritm: ed25519'),
    problems: [
      '11:5 syntax : this field is written twice',
      '12:5 schema keys.0.algoritm: there is no field algoritm here',
    ],
  },
  'a quote that is not closed': {
    text: changed('desk-a', '"desk-a'),
    problems: ['11:1 syntax : a quote, bracket, comma or colon is missing'],
  },
  'a tab': {
    text: changed('    owner', '\towner'),
    problems: ['10:1 syntax : a tab stands where only spaces may'],
  },
  'a second document': { text: extended('---', 'a: 1'), problems: ['11:1 syntax : a second document begins here'] },
  'a tag': {
    text: changed('desk-a', '!team desk-a'),
    problems: ['10:12 syntax : tags (words that begin with !) mean nothing here'],
  },
  'another YAML': {
    text: `%YAML 1.1\n---\n${SOUND}`,
    problems: ['1:1 syntax : this asks to be read as YAML 1.1'],
  },
  'an alias of nothing': {
    text: changed('desk-a', '*desk'),
    problems: ['10:12 syntax : this alias stands for nothing'],
  },
  'an alias bomb': {
    text: ['a', 'b', 'c', 'd']
      .map((name, n) => `${name}: &${name} [${`${n ? `*${'abc'[n - 1]}` : 1},`.repeat(50)}]\n`)
      .join(''),
    problems: ['1:1 syntax : aliases expand to more than can be meant'],
  },
  'a thousand aliases and one more': {
    text: `a: &a x\nb:\n${'  - *a\n'.repeat(1_001)}`,
    problems: ['1003:5 syntax : aliases expand to more than can be meant'],
  },
  'more than thirty thousand names and values': {
    text: `a:\n${'  - x\n'.repeat(29_998)}`,
    problems: [expect.stringMatching(/^29999:5 syntax : above here stand 30000 names and values/)],
  },
  'more mistakes than anybody reads, of syntax': {
    text: ']\n'.repeat(300),
    problems: [...Array(200).fill(expect.stringMatching(/syntax/)), '201:1 syntax : there are 100 more mistakes'],
  },
  'more mistakes than anybody reads, of form': {
    text: extended(...Array.from({ length: 300 }, (_, place) => `a${place}:`)),
    problems: [
      '1:1 schema : there are 100 more mistakes',
      ...Array.from(
        { length: 200 },
        (_, place) => `${11 + place}:1 schema a${place}: there is no field a${place} here`,
      ),
    ],
  },
  'a field name that is a list': { text: '? [a]\n: 1\n', problems: ['1:3 syntax : a field name must be a text'] },
};

describe('said is of a file with', () => {
  it.each(Object.entries(MISTAKES))('%s', async (_, { text, problems, help }) => {
    const found = await load(text);
    expect(found.problems.map(shown)).toEqual(problems);
    expect(found.keys).toEqual([]);
    if (help !== undefined) expect(found.problems[0]?.help).toBe(help);
  });
});

describe('read is', () => {
  const inJson = {
    $schema: 'schema.json',
    apiVersion: 'keyturn/v1',
    account: 'main',
    venue: 'binance',
    keys: [
      {
        name: 'spot',
        application: 'market-maker',
        purpose: 'spot-trading',
        rotateEvery: '30d',
        owner: 'desk-a',
        ipAllowlist: ['203.0.113.7'],
      },
    ],
  };

  it.each([
    ['a byte order mark', `\uFEFF${SOUND}`],
    ['Windows line ends', SOUND.replaceAll('\n', '\r\n')],
    ['JSON, indented with tabs', JSON.stringify(inJson, null, '\t')],
  ])('%s', async (_, text) => {
    const { keys, problems } = await load(text);
    expect(problems).toEqual([]);
    expect(keys).toMatchObject([{ id: 'main/spot', ipAllowlist: ['203.0.113.7'] }]);
  });

  it('an anchor merged into many keys', async () => {
    const merged = Array.from({ length: 20 }, (_, n) => `  - { <<: *key, name: k${n}, application: a${n} }`);
    const { keys, problems } = await load(changed('  - name', '  - &key\n    name') + merged.join('\n'));
    expect(problems).toEqual([]);
    expect(keys.at(-1)).toMatchObject({ name: 'k19', owner: 'desk-a', source: { line: 31 } });
  });

  it.each([
    ['Latin-1', Buffer.from('owner: Käthe', 'latin1'), 'the file is not UTF-8 text'],
    ['UTF-16', Buffer.from('\uFEFFa: 1', 'utf16le'), 'the file is not UTF-8 text'],
    ['zeros', Buffer.from('a: \0'), 'the file is not UTF-8 text'],
    ['more than 256 KiB', Buffer.alloc(256 * 1024 + 1, '#'), 'the file is too large: 262145 bytes of at most 262144'],
  ])('not: %s', async (_, bytes, message) => {
    expect((await load(bytes)).problems).toMatchObject([{ rule: 'syntax', line: 1, column: 1, message }]);
  });
});

describe('files are found', () => {
  it('in a folder and below, without what is not a policy', async () => {
    const others = ['.hidden.yaml', '.git/a.yaml', 'keyturn.yaml', 'schema.json', 'keyturn.schema.json'];
    const more = ['spot.rules.yaml', 'spot.test.yaml', 'README.md'];
    const folder = aFolder({
      ...Object.fromEntries([...others, ...more].map((name) => [name, 'no: policy'])),
      'a.yaml': SOUND,
      'b/c.yml': changed('main', 'two'),
      'b/d/e.json': '{}',
    });
    const { files, keys } = await loadPolicies([folder], context);
    expect(files).toHaveLength(3);
    expect(keys.map(({ account }) => account)).toEqual(['main', 'two']);
  });

  it('by name, whatever the name is, and each once', async () => {
    const folder = aFolder({ 'keyturn.yaml': SOUND });
    const file = join(folder, 'keyturn.yaml');
    expect(await loadPolicies([file, file, folder], context)).toMatchObject({
      files: [file],
      keys: [{ name: 'spot' }],
    });
  });

  it('through links, as Kubernetes mounts them, also where these lead in a circle', async () => {
    const folder = aFolder({ '..2026/a.yaml': SOUND });
    symlinkSync('..2026', join(folder, '..data'));
    symlinkSync(join('..data', 'a.yaml'), join(folder, 'a.yaml'));
    symlinkSync('.', join(folder, 'circle'));
    expect(await loadPolicies([folder], context)).toMatchObject({ files: [join(folder, 'a.yaml')], problems: [] });
  });

  it('or it is said what is not there', async () => {
    await expect(loadPolicies([join(root, 'nowhere')], context)).rejects.toMatchObject({
      code: 'invalid',
      message: `${join(root, 'nowhere')} does not exist`,
      hint: expect.stringContaining('keyturn init'),
    });
  });

  it('and named as one would type them', async () => {
    const { keys } = await loadPolicies(['policies'], context);
    expect(keys[0]?.source.file).toBe('policies/binance-main.yaml');
  });
});

describe('whatever a file holds', () => {
  const names = ['apiVersion', 'keyturn/v1', 'account', 'venue', 'keys', 'name', 'waivers', 'schedule', 'windows'];
  const signs = [': ', '- ', '\n', '\n  ', '{', '}', '[', ']', ',', '&a ', '*a', '<<', '!t ', '"', "'", '|', '#', '\t'];
  const values = [
    '%YAML 1.1',
    '---',
    '30d',
    '5',
    'null',
    '.nan',
    '!!set',
    '!!binary aGk=',
    '__proto__',
    '\uFEFF',
    '\0',
  ];
  const word = fc.constantFrom(...names, ...signs, ...values);
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word).map((words) => words.join('')),
    fc.json().map((json) => `{"apiVersion": "keyturn/v1", "keys": [${json}], "defaults": ${json}, "waivers": ${json}}`),
    fc.tuple(fc.nat(SOUND.length), word).map(([at, added]) => SOUND.slice(0, at) + added + SOUND.slice(at)),
  );

  it('is answered with problems that say where they are and what to do', async () => {
    const file = join(aFolder({}), 'a.yaml');
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        writeFileSync(file, content);
        const { files, keys, problems } = await loadPolicies([file], context);
        expect(files).toHaveLength(1);
        expect(keys.length > 0 || hasErrors(problems)).toBe(true);
        for (const problem of problems) {
          expect(problem).toMatchObject({ file, waived: false });
          expect(problem.line).toBeGreaterThanOrEqual(1);
          expect(problem.line).toBeLessThanOrEqual(content.split('\n').length);
          expect(problem.column).toBeGreaterThanOrEqual(1);
          expect(problem.message).toMatch(/\S/);
          expect(problem.help).toMatch(/\S/);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('the examples', () => {
  it('are without errors at their venues, and show all four purposes and two of their own', async () => {
    const venues = new Map([
      ['binance', { capabilities: binanceCapabilities(BinanceOptions.parse({})), insideAddress: null }],
      ['deribit', { capabilities: deribitCapabilities(DeribitOptions.parse({})), insideAddress: null }],
    ]);
    const { files, keys, problems } = await loadPolicies(['policies'], { ...context, venues });
    expect(files).toHaveLength(3);
    expect(problems.filter(({ waived }) => !waived)).toEqual([]);
    expect(new Set(keys.map(({ purpose }) => purpose))).toEqual(
      new Set(['spot-trading', 'futures-trading', 'tax-data', 'trading-data', 'payouts', 'options-desk']),
    );
  });
});
