import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OUTPUTS } from '../../src/outputs.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** Rules that people write and tests of them, by the command line. */

let folder: string;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ folder, close } = await aFolder());
  await mkdir(join(folder, 'policies'));
});
afterEach(() => close());

const run = (...args: string[]) => keyturn(args, { cwd: folder });
const write = (name: string, text: string) => writeFile(join(folder, 'policies', name), text);
const checked = async (...args: string[]) => {
  const { status, stdout } = await run('policy', 'check', '-o', 'json', ...args);
  return { status, ...OUTPUTS['policy-check'].parse(JSON.parse(stdout)) };
};

const POLICY = `apiVersion: keyturn/v1
account: desk
venue: binance
defaults: { ipAllowlist: [203.0.113.7] }
keys:
  - { name: spot, application: maker, purpose: spot-trading, rotateEvery: 60d, owner: desk-a }
  - { name: risk, application: risk, purpose: trading-data, rotateEvery: 60d, owner: risk }
`;
const WAIVER = (rule: string, until = '2999-01-01') =>
  `waivers: [{ rule: ${rule}, key: spot, reason: accepted, until: ${until} }]\n`;
const RULES = (...expressions: string[]) =>
  `apiVersion: keyturn/v1\nrules:\n${expressions.map((text, index) => `  - { id: custom/r${index}, expression: '${text}', message: it is not so }\n`).join('')}`;
const TOO_OLD = RULES('key.purpose != "spot-trading" || key.rotateEvery <= days(45)');

describe('what a rule finds', () => {
  it('is reported at the key, beside what built-in rules find, and makes the policy invalid', async () => {
    await write('a.yaml', POLICY.replace(', owner: risk }', ' }'));
    await write('x.rules.yaml', TOO_OLD);
    const { status, problems } = await checked();
    expect(status).toBe(65);
    expect(problems).toMatchObject([
      {
        rule: 'custom/r0',
        severity: 'error',
        file: 'policies/a.yaml',
        line: 6,
        column: 5,
        message: 'it is not so',
        path: 'keys.0',
      },
      { rule: 'owner', line: 7 },
    ]);
    expect((await run('plan')).stderr).toMatch(/policies\/a\.yaml:6:5 it is not so/);
  });

  it('counts for a policy that is named, too, and is waived like anything else', async () => {
    await write('a.yaml', POLICY + WAIVER('custom/r0'));
    await write('x.rules.yaml', TOO_OLD);
    expect(await checked('policies/a.yaml')).toMatchObject({
      status: 0,
      problems: [{ rule: 'custom/r0', waived: true }],
    });
    await write('a.yaml', POLICY + WAIVER('custom/r0', '2020-01-01'));
    expect((await checked()).problems.map(({ rule, waived }) => [rule, waived])).toEqual([
      ['custom/r0', false],
      ['waiver', false],
    ]);
  });

  it('is a result of code scanning and a test case of CI, and can be asked for alone', async () => {
    await write('a.yaml', POLICY.replace(', owner: risk }', ' }'));
    await write('x.rules.yaml', TOO_OLD);
    const { stdout: sarif } = await run('policy', 'check', '-o', 'sarif');
    const [{ tool, results }] = JSON.parse(sarif).runs;
    const { ruleId, ruleIndex } = results[0];
    expect(ruleId).toBe('custom/r0');
    expect(tool.driver.rules[ruleIndex]).toMatchObject({
      id: 'custom/r0',
      shortDescription: { text: 'It is not so.' },
      defaultConfiguration: { level: 'error' },
    });
    expect((await run('policy', 'check', '-o', 'junit')).stdout).toContain('<failure type="custom/r0"');
    expect((await checked('--rule', 'custom/r0')).problems.map(({ rule }) => rule)).toEqual(['custom/r0']);
    expect((await run('policy', 'check', '--rule', 'custom/r9')).stderr).toContain('did you mean custom/r0?');
  });

  it('a waiver of a rule that nobody wrote is a mistake, with the name that was meant', async () => {
    await write('a.yaml', POLICY + WAIVER('custom/r1'));
    await write('x.rules.yaml', TOO_OLD);
    expect((await checked()).problems.at(-1)).toMatchObject({
      rule: 'waiver',
      help: expect.stringMatching(/did you mean custom\/r0/),
    });
  });
});

describe('a file of rules with mistakes', () => {
  it('is reported where they are, and nothing is done', async () => {
    await write('a.yaml', POLICY);
    await write('x.rules.yaml', RULES('key.nmae == "x"', 'key.name.matches("(a+)+$")').replace('message', 'mesage'));
    await write(
      'y.rules.yaml',
      `apiVersion: keyturn/v1
rules:
  - id: custom/block
    message: it is not so
    expression: |
      key.owner != "" &&
        key.schedule.led > 0
  - id: custom/quoted
    message: it is not so
    expression: "key.owner != \\"\\" && key.rotateEvery == \\"30d\\""
  - { id: custom/block, message: it is not so, expression: 'true' }
  - { id: custom/regex, message: it is not so, expression: 'key.name.matches("(a+)+$")' }
`,
    );
    const { status, problems } = await checked();
    expect(status).toBe(65);
    expect(problems.map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`)).toEqual([
      'policies/x.rules.yaml:3:5 message is missing',
      'policies/x.rules.yaml:3:53 there is no field mesage here',
      'policies/y.rules.yaml:7:22 this is no CEL: No such key: led',
      'policies/y.rules.yaml:10:39 this is no CEL: no such overload: int == string',
      'policies/y.rules.yaml:12:61 there is no function matches in rules',
    ]);
    expect((await run('apply', '--yes')).status).toBe(65);
  });

  it('two rules of one id, in two files', async () => {
    await write('a.yaml', POLICY);
    await write('x.rules.yaml', RULES('true'));
    await write('y.rules.yaml', RULES('true'));
    expect((await checked()).problems).toMatchObject([{ file: 'policies/y.rules.yaml', line: 3, path: 'rules.0.id' }]);
  });
});

it('rules that would run long end with a problem, soon', async () => {
  const list = Array.from({ length: 1000 }, (_, index) => `10.0.${index % 250}.${Math.floor(index / 250)}`);
  await write('a.yaml', POLICY.replace('[203.0.113.7]', `[${list.join()}]`));
  const cubic = 'key.ipAllowlist.all(a, key.ipAllowlist.all(b, key.ipAllowlist.all(c, a != b || b != c)))';
  await write('x.rules.yaml', RULES(cubic, 'key.ipAllowlist.all(a, !a.contains("/") && a.startsWith("10."))'));
  const begin = performance.now();
  const { problems } = await checked();
  expect(performance.now() - begin).toBeLessThan(10_000);
  expect(problems.filter(({ rule }) => rule.startsWith('custom/'))).toMatchObject([
    { rule: 'custom/r0', line: 6, message: 'custom/r0 cannot be decided: it would take too long' },
    { rule: 'custom/r0', line: 7 },
  ]);
});

describe('policy test', () => {
  const TEST = (...expected: string[]) => `apiVersion: keyturn/v1
tests:
  - name: what is found
    path: a.yaml
    expect: [${expected.join()}]
`;
  const tested = async (...args: string[]) => {
    const { status, stdout } = await run('policy', 'test', '-o', 'json', ...args);
    return { status, ...OUTPUTS['policy-test'].parse(JSON.parse(stdout)) };
  };
  beforeEach(async () => {
    await write('a.yaml', POLICY);
    await write('x.rules.yaml', TOO_OLD);
  });

  it('passes when everything is as expected', async () => {
    await write('x.test.yaml', TEST('{ rule: custom/r0, key: desk/spot, severity: error }'));
    expect(await tested()).toMatchObject({ status: 0, tests: [{ passed: true }] });
    expect(await tested('policies/x.test.yaml')).toMatchObject({ status: 0 });
    expect((await run('policy', 'test')).stdout).toBe(
      'ok      policies/x.test.yaml:3: what is found\n\n1 passed, 0 failed\n',
    );
  });

  it('fails for what is not found and for what is not expected', async () => {
    await write('x.test.yaml', TEST('{ rule: owner, key: desk/risk }', '{ rule: custom/r0, waived: true }'));
    expect(await tested()).toMatchObject({
      status: 1,
      tests: [
        {
          passed: false,
          missing: [{ rule: 'owner' }, { rule: 'custom/r0', waived: true }],
          unexpected: [{ rule: 'custom/r0', key: 'desk/spot', severity: 'error', waived: false }],
        },
      ],
    });
    expect((await run('policy', 'test')).stdout).toMatch(
      /^failed {2}policies\/x\.test\.yaml:3: what is found\n {8}not found: \[owner\] desk\/risk\n[\s\S]*not expected: error \[custom\/r0\] desk\/spot: it is not so\n\n0 passed, 1 failed\n$/,
    );
  });

  it.each<[string, string, RegExp]>([
    [
      'an unknown field',
      'tests: [{ nme: x, path: a.yaml, expect: [] }]',
      /x\.test\.yaml:2:11: error \[schema\] there is no field nme here\n {2}did you mean name/,
    ],
    ['neither policy nor path', 'tests: [{ name: x, expect: [] }]', /policy/],
    ['both', 'tests: [{ name: x, path: a.yaml, policy: {}, expect: [] }]', /policy must be there where path is not/],
    [
      'a path that leads nowhere',
      'tests: [{ name: x, path: nowhere.yaml, expect: [] }]',
      /nowhere\.yaml does not exist/,
    ],
  ])('is invalid with %s', async (_what, text, says) => {
    await write('x.test.yaml', `apiVersion: keyturn/v1\n${text}\n`);
    const { status, stdout, stderr } = await run('policy', 'test');
    expect(stdout + stderr).toMatch(says);
    expect(status).toBe(65);
  });

  it('is invalid without any test, or with rules that are wrong', async () => {
    expect(await run('policy', 'test')).toMatchObject({
      status: 65,
      stderr: expect.stringMatching(/no tests in policies/),
    });
    await write('x.test.yaml', TEST());
    await write('x.rules.yaml', RULES('key.nope'));
    expect((await run('policy', 'test')).status).toBe(65);
  });
});

describe('the documentation', () => {
  it('docs/custom-rules.md: every file in it, and the output it shows', async () => {
    const page = readFileSync('docs/custom-rules.md', 'utf8');
    const files = [...page.matchAll(/```yaml\n# (\S+)\n([\s\S]*?)```/g)];
    expect(files.map(([, name]) => name)).toEqual(['desk.rules.yaml', 'desk.test.yaml']);
    for (const [, name = '', text = ''] of files) await write(name, text.replace(/^/, `# ${name}\n`));
    const [, shown] = /```\n(ok {2}[\s\S]*?)```/.exec(page) ?? [];
    expect(await run('policy', 'test')).toMatchObject({ status: 0, stdout: shown });
  });

  it('the examples in policies', async () => {
    const { status, stdout } = await keyturn(['policy', 'test', '-o', 'json']);
    expect({ status, failed: JSON.parse(stdout).tests.filter(({ passed }: { passed: boolean }) => !passed) }).toEqual({
      status: 0,
      failed: [],
    });
  });
});
