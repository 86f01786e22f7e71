import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { RULES } from '../../src/core/rules.ts';
import { OUTPUTS } from '../../src/outputs.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** Reports are read by programs that others wrote, so they are checked with the formats as others published them. */

const fixture = (name: string) => readFileSync(`test/fixtures/reports/${name}`, 'utf8');

/** An error of form, errors and a warning of rules, a waived problem; a name that every format has to escape. */
const FILES = {
  'sound.yaml': `apiVersion: keyturn/v1
account: sound
venue: binance
keys:
  - { name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk, ipAllowlist: [203.0.113.7] }
`,
  'a, b & <c> 100%.yaml': `apiVersion: keyturn/v1
account: desk
venue: binance
keys:
  - { name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, ipAllowlist: [10.0.0.0/8, 203.0.113.1/24] }
  - { name: tax, application: tax, purpose: tax-data, rotateEvery: 90d, owner: finance }
  - { name: risk, application: risk, purpose: trading-data, rotateEvery: 60d, owner: risk, schedule: { overlap: 5s }, ipAllowlist: [203.0.113.7] }
waivers:
  - { rule: ip-allowlist, key: tax, reason: vendor, until: 2099-01-01 }
`,
  'odd.yaml': 'apiVersion: keyturn/v1\naccount: odd\nvenue: "bin\\u0001ance::set-output"\ndefaults: { algoritm: 5 }\n',
};
const WARNED = FILES['a, b & <c> 100%.yaml'].replace(/^.*name: spot.*\n/m, '');

let folder: string;
let close: () => Promise<void>;
const check = (...args: string[]) => keyturn(['policy', 'check', ...args], { cwd: folder });
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

beforeAll(async () => {
  ({ folder, close } = await aFolder());
  for (const part of ['policies', 'warned', 'moved']) mkdirSync(join(folder, part));
  for (const [name, text] of Object.entries(FILES)) write(`policies/${name}`, text);
  write('warned/desk.yaml', WARNED);
});
afterAll(() => close());

describe('policy check -o sarif', () => {
  const ajv = new Ajv.default({ unicodeRegExp: false, strict: false, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(JSON.parse(fixture('sarif-2.1.0-rtm.5.json')));
  const sarif = async (...args: string[]) => JSON.parse((await check('-o', 'sarif', ...args)).stdout);

  it('is valid SARIF 2.1.0, with problems and without', async () => {
    for (const log of [await sarif(), await sarif('policies/sound.yaml')]) {
      validate(log);
      expect(validate.errors ?? []).toEqual([]);
    }
  });

  it('explains every rule that it names', async () => {
    const [{ tool, results }] = (await sarif()).runs;
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
    for (const { id, name, shortDescription, fullDescription, help, helpUri, defaultConfiguration } of tool.driver
      .rules) {
      expect(name).toMatch(/^([A-Z][a-z]+)+$/);
      expect([shortDescription.text, fullDescription.text, help.text, help.markdown]).not.toContain('');
      expect(helpUri).toMatch(new RegExp(`/docs/rules\\.md#${id}$`));
      expect(defaultConfiguration.level).toBe(RULES[id as keyof typeof RULES].severity);
    }
  });

  it('says where, in the bytes of a URI, and suppresses what is waived', async () => {
    const { results } = (await sarif()).runs[0];
    const uris = results.map(
      ({ locations }: { locations: { physicalLocation: { artifactLocation: { uri: string } } }[] }) =>
        locations[0]?.physicalLocation.artifactLocation.uri,
    );
    expect(uris).toContain('policies/a%2C%20b%20%26%20%3Cc%3E%20100%25.yaml');
    const suppressed = results.filter(({ suppressions }: { suppressions?: unknown[] }) => suppressions);
    expect(suppressed).toMatchObject([{ ruleId: 'ip-allowlist', suppressions: [{ kind: 'inSource' }] }]);
  });

  it('gives a problem the same fingerprint when lines move, and no other one', async () => {
    const prints = async (text: string): Promise<string[]> => {
      write('moved/desk.yaml', text);
      const { results } = (await sarif('moved')).runs[0];
      return results.map(
        ({ partialFingerprints }: { partialFingerprints: Record<string, string> }) =>
          partialFingerprints['keyturnProblem/v1'],
      );
    };
    const text = FILES['a, b & <c> 100%.yaml'];
    const before = await prints(text);
    expect(new Set(before).size).toBe(before.length);
    const key =
      '  - { name: first, application: first, purpose: tax-data, rotateEvery: 60d, owner: risk, ipAllowlist: [203.0.113.7] }';
    expect(await prints(text.replace('keys:\n', `# moved\n\n\nkeys:\n${key}\n`))).toEqual(before);
    const mended = await prints(text.replace('rotateEvery: 30d,', 'rotateEvery: 30d, owner: desk,'));
    expect(mended).toEqual(before.filter((print) => mended.includes(print)));
    expect(mended).toHaveLength(before.length - 1);
  });
});

describe('policy check -o junit', () => {
  const junit = async (...args: string[]) => (await check('-o', 'junit', ...args)).stdout;

  it('is what Jenkins reads, with problems and without', async () => {
    for (const xml of [await junit(), await junit('policies/sound.yaml')]) {
      const { valid, errors } = await validateXML({ xml, schema: fixture('jenkins-junit.xsd') });
      expect(errors).toEqual([]);
      expect(valid).toBe(true);
    }
  });

  it('fails a case for each broken rule, and claims no success for what a mistake may hide', async () => {
    const xml = await junit();
    expect(xml).toContain('<testcase name="owner" classname="policies/sound.yaml"/>');
    expect(xml).toContain('<failure type="owner" message="this key has no owner">');
    expect(xml).toMatch(/<testcase name="withdraw-alone" classname="policies\/odd\.yaml">\s+<skipped>/);
    expect(xml).toMatch(/<testcase name="short-overlap"[^>]*>\s+<system-out>/);
    const failures = xml.match(/<testcase[^>]*>\s+<failure/g)?.length;
    expect(xml).toContain(`failures="${failures}" errors="0">\n  <testsuite`);
  });
});

describe('policy check -o github', () => {
  /** As the runner reads them back (actions/runner, ActionCommand). */
  const asRead = (text: string) =>
    text
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%25', '%');

  it('annotates every problem at its place, one command a line', async () => {
    const { problems } = JSON.parse((await check('-o', 'json')).stdout);
    const lines = (await check('-o', 'github')).stdout.trim().split('\n');
    expect(lines.pop()).toMatch(/^3 files/);
    const read = lines.map((line) => {
      const [, command, properties = '', data = ''] = /^::(\w+) (.*?)::(.*)$/.exec(line) ?? [];
      const {
        file,
        line: at,
        col,
      } = Object.fromEntries(
        properties
          .split(',')
          .map((part) => [part.slice(0, part.indexOf('=')), asRead(part.slice(part.indexOf('=') + 1))]),
      );
      return { command, file, at: `${at}:${col}`, data: asRead(data) };
    });
    expect(read).toEqual(
      problems.map(
        ({ severity, waived, file, line, column, message, help }: Record<string, string | number | boolean>) => ({
          command: waived ? 'notice' : severity,
          file,
          at: `${line}:${column}`,
          data: `${message}\n${help}`,
        }),
      ),
    );
  });
});

describe('policy check', () => {
  it('-o json has the published shape, with the key each problem stands at', async () => {
    const { problems } = OUTPUTS['policy-check'].parse(JSON.parse((await check('-o', 'json')).stdout));
    expect(problems.find(({ rule }) => rule === 'short-overlap')).toMatchObject({ key: 'desk/risk' });
    expect(problems.find(({ path }) => path === 'venue')).toMatchObject({ key: null });
  });

  it.each<[string, string[], number]>([
    ['ends with 65 for errors', [], 65],
    ['ends with 0 for warnings', ['warned'], 0],
    ['ends with 1 for more warnings than are allowed', ['warned', '--max-warnings', '0'], 1],
    ['ends with 0 for as many', ['warned', '--max-warnings', '1'], 0],
    ['counts warnings that it does not list', ['warned', '--max-warnings', '0', '--severity', 'error'], 1],
    [
      'looks only at the rules that are named',
      ['policies/a, b & <c> 100%.yaml', '--rule', 'passphrase', 'algorithm'],
      0,
    ],
    ['never passes over what keeps rules from speaking', ['policies/odd.yaml', '--rule', 'passphrase'], 65],
    ['knows no other rules', ['--rule', 'passphrse'], 64],
    ['knows no rule that only records can break', ['--rule', 'revocation-debt'], 64],
  ])('%s', async (_, args, expected) => expect((await check(...args)).status).toBe(expected));

  it('lists errors alone where these are asked for', async () => {
    const { stdout } = await check('warned', '--severity', 'error');
    expect(stdout).not.toMatch(/short-overlap/);
    expect(stdout).toMatch(/0 errors, 1 warning, 1 waived\n$/);
  });

  it('has a section of docs/rules.md for every rule', () => {
    const page = readFileSync('docs/rules.md', 'utf8');
    const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(Object.keys(RULES));
  });
});
