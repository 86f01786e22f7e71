import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULT_KINDS } from '../../src/sandbox/fault-kinds.ts';
import { leaks, planted, plantedKey } from './secrets.ts';
import { aStage, type Stage, TOKEN } from './stage.ts';

/**
 * Every command, well and badly, as talkative as it can be made, with secrets in all places where it may meet some. Then
 * whatever it wrote is searched for every one of them. `npm run canary` runs all of it, `npm test` a sample of what fails.
 */

const isWhole = process.env.KEYTURN_CANARY === 'whole';
const some = <T>(all: readonly T[], few: number): readonly T[] => (isWhole ? all : all.slice(0, few));

const SPOT = 'desk/spot';
const PASSPHRASE = 'canary-passphrase-of-a-person-7Qx2';
const DAMAGED = 'AGE-SECRET-KEY-1CANARY0CANARY0CANARY0CANARY0CANARY0CANARY0CANARY0CANARY0CAN';

const POLICY = `apiVersion: keyturn/v1
account: desk
venue: exchange
defaults: { ipAllowlist: [127.0.0.1], schedule: { lead: 1d, registerWithin: 1h, overlap: 0s, revokeWithin: 1h } }
keys:
  - { name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a, algorithm: ed25519 }
  - { name: tax, application: tax, purpose: tax-data, rotateEvery: 90d, owner: desk-b }
`;

const KEYGEN_SHOWN = 'keygen --stdout --no-passphrase --type ed25519';

let stage: Stage;
beforeAll(async () => {
  stage = await aStage([SPOT, 'desk/tax']);
});
afterAll(() => stage.close());

const configuration = (store = '{ kind: directory, path: .keyturn/store }'): string =>
  `apiVersion: keyturn/v1
stores: { local: ${store} }
venues: { exchange: { kind: binance, baseUrl: "${stage.url}", proof: { groups: 2, apart: 0s } } }
`;

const read = (file: string): string => readFileSync(join(stage.folder, file), 'utf8');

const storeAt = (path: string, identity: string): string => {
  const recipients = read('.keyturn/recipients.txt').match(/^age1\w+$/gm) ?? [];
  return `{ kind: directory, path: ${path}, identity: { ${identity} }, recipients: [${recipients.join()}] }`;
};

/** This secret is meant to be in that file, too. */
const belongs = (name: string, file: string): void => {
  stage.secrets.find((secret) => secret.name === name)?.belongsIn.push(file);
};

it('a rotation from start to end', { timeout: 120_000 }, async () => {
  const { succeeds, write, person, remember, secrets, folder } = stage;
  await succeeds('init', '--account', 'desk', '--venue', 'sandbox');
  await write('policies/desk.yaml', POLICY);
  await write('keyturn.yaml', configuration());
  for (const name of ['identity', 'recovery']) {
    const file = `.keyturn/${name}.txt`;
    secrets.push(planted(`${name} of the store`, /AGE-SECRET-KEY-1\w+/.exec(read(file))?.[0] ?? '', file));
  }
  await succeeds('policy', 'check');
  await succeeds('policy', 'check', '-o', 'json');
  await succeeds('policy', 'schema');
  for (const output of ['text', 'json', 'markdown']) await succeeds('plan', '-o', output);
  await succeeds('plan', '--horizon', '90d', '-o', 'ics');
  await succeeds('plan', '--out', 'plan.json');
  await succeeds('apply', 'plan.json', '-o', 'json');
  await succeeds('apply', '--yes');
  await remember();
  await succeeds('task', SPOT, '--copy');
  await person();
  await succeeds('apply');
  for (const output of ['text', 'json']) {
    await succeeds('verify', '-o', output);
    await succeeds('status', '-o', output);
  }
  await succeeds('rotate', SPOT, '--reason', 'drill');
  await succeeds('apply');
  await remember();
  await person();
  await succeeds('apply');
  await succeeds('task', SPOT);
  await succeeds('rotate', SPOT, '--compromised', '--reason', 'drill');
  await succeeds('apply');
  await remember();
  await person();
  await succeeds('apply');
  await succeeds('verify');
  await succeeds('apply', '--metrics-file', 'keyturn.prom');
  expect(secrets.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['desk/spot 1', 'desk/tax 1', 'desk/spot 2', 'desk/spot 3', 'passphrase of desk/spot 3']),
  );
  expect(readdirSync(join(folder, '.keyturn/store/desk/spot/gen/000001'))).not.toContain('key.pem.age');
});

it('everything beside a rotation', { timeout: 120_000 }, async () => {
  const { succeeds, run, write, secrets } = stage;
  await write('passphrase.txt', `${PASSPHRASE}\n`);
  secrets.push(planted('passphrase of a person', PASSPHRASE, 'passphrase.txt'));
  await succeeds('keygen', '--type', 'ed25519', '--out', 'by-file', '--passphrase-file', 'passphrase.txt');
  const byStdin = ['keygen', '--out', 'by-stdin', '--passphrase-stdin', '-o', 'json'];
  expect((await run(byStdin, { input: `${PASSPHRASE}\n` })).status).toBe(0);
  for (const name of ['by-file', 'by-stdin']) {
    secrets.push(plantedKey(`key ${name}`, read(`${name}.pem`), PASSPHRASE, `${name}.pem`));
  }
  const { stdout } = await run(KEYGEN_SHOWN.split(' '));
  secrets.push(plantedKey('key on standard output', stdout, undefined, `output of ${KEYGEN_SHOWN}`));
  await succeeds('demo');
  for (const shell of ['bash', 'zsh', 'fish']) await succeeds('completion', shell);
  await succeeds('complete', 'keyturn', 'task', 'desk/');
  await write('by-environment.yaml', configuration(storeAt('.keyturn/store', 'env: CANARY_IDENTITY')));
  const env = { CANARY_IDENTITY: read('.keyturn/identity.txt') };
  expect((await run(['--config', 'by-environment.yaml', 'verify'], { env })).status).toBe(0);
});

it('venues that fail in every way', { timeout: 120_000 }, async () => {
  const { succeeds, fails, run, write, post, person, remember } = stage;
  await succeeds('rotate', SPOT, '--reason', 'drill');
  await succeeds('apply');
  await remember();
  await person();
  await succeeds('apply');
  const quick = Object.keys(FAULT_KINDS).filter((kind) => kind !== 'hang');
  for (const kind of isWhole ? quick : ['captive-portal', 'refused', 'truncated']) {
    expect((await post('/sandbox/faults', { kind })).status).toBe(200);
    await run(['verify']);
    await post('/sandbox/faults', { off: 'all' });
  }
  await write('nowhere.yaml', configuration().replace(stage.url, 'http://127.0.0.1:9'));
  await fails(['--config', 'nowhere.yaml', 'verify']);
});

describe('what is broken', () => {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const line = pem.split('\n')[1] ?? '';
  const block = pem.trimEnd().replace(/^/gm, '    ');

  it('policies and configurations with secrets in them', async () => {
    const { fails, write, secrets, folder } = stage;
    const policies = {
      'bad/field.yaml': `${POLICY}  - name: x\n    owner: |\n${block}\n`,
      'bad/comment.yaml': `${POLICY}# ${line}\n`,
      'bad/syntax.yaml': `${POLICY}: [ "${line}\n`,
    };
    const configurations = {
      'bad/identity.yaml': configuration(`{ kind: directory, path: .keyturn/store, identity: "${DAMAGED}" }`),
      'bad/token.yaml': `apiVersion: keyturn/v1\ntoken: ${TOKEN}\n`,
    };
    secrets.push(plantedKey('key in a policy', pem, undefined, ...Object.keys(policies)));
    secrets.push(planted('damaged identity', DAMAGED, 'bad/identity.yaml', 'bad/identity.txt'));
    belongs('token in the environment', 'bad/token.yaml');
    await mkdir(join(folder, 'bad'));
    for (const [file, text] of Object.entries({ ...policies, ...configurations })) await write(file, text);
    for (const file of Object.keys(policies)) {
      for (const output of ['text', 'json']) await fails(['policy', 'check', '-o', output, file]);
    }
    for (const file of some(Object.keys(policies), 1)) await fails(['--policies', file, 'apply']);
    for (const file of Object.keys(configurations)) await fails(['--config', file, 'apply']);
  });

  it('secrets where something else is wanted', async () => {
    const { fails, write, folder } = stage;
    for (const file of ['bad/key.pem', 'bad/plan.json']) {
      await write(file, pem);
      belongs('key in a policy', file);
    }
    await write('bad/passphrase.txt', `${PASSPHRASE}\nand another line\n`);
    belongs('passphrase of a person', 'bad/passphrase.txt');
    await fails(['register', SPOT, '--key-id', '-'], { input: pem });
    await fails(['register', SPOT, '--key-id', '-'], { input: `${PASSPHRASE}\n` });
    await fails(['--config', 'bad/key.pem', 'plan']);
    await fails(['--policies', 'bad/key.pem', 'policy', 'check']);
    await fails(['apply', 'bad/plan.json']);
    for (const mode of [0o600, 0o644]) {
      await chmod(join(folder, 'bad/passphrase.txt'), mode);
      await fails(['keygen', '--out', 'never', '--passphrase-file', 'bad/passphrase.txt']);
    }
    expect(existsSync(join(folder, 'never.pem'))).toBe(false);
  });

  const half = async (file: string): Promise<void> => writeFile(file, readFileSync(file).subarray(0, 300));
  const damages: [string, (key: string) => Promise<unknown>][] = [
    ['a record that is none', (key) => writeFile(join(key, 'record/99999999.json'), pem)],
    ['a private half cut short', (key) => half(join(key, 'gen/000004/key.pem.age'))],
    ['another identity', () => stage.write('bad/identity.txt', `${DAMAGED}\n`)],
    ['no passphrase', (key) => rm(join(key, 'gen/000004/passphrase.txt.age'))],
    ['no public half', (key) => rm(join(key, 'gen/000004/public.pem'))],
    [
      'another key’s passphrase',
      (key) => cp(join(key, '../tax/gen/000001/passphrase.txt.age'), join(key, 'gen/000004/passphrase.txt.age')),
    ],
  ];

  it.each(some(damages, 3))('a store with %s', async (what, damage) => {
    const { fails, run, write, folder } = stage;
    const copy = `bad/${what.replaceAll(' ', '-')}`;
    await cp(join(folder, '.keyturn/store'), join(folder, copy), { recursive: true, verbatimSymlinks: true });
    await damage(join(folder, copy, SPOT));
    belongs('key in a policy', `${copy}/${SPOT}/record/99999999.json`);
    const identity = what === 'another identity' ? 'bad/identity.txt' : '.keyturn/identity.txt';
    const config = `${copy}.yaml`;
    await write(config, configuration(storeAt(join(folder, copy), `file: ${join(folder, identity)}`)));
    await fails(['--config', config, 'verify']);
    for (const command of some(['apply', 'plan', 'status', 'tasks'], 1)) await run(['--config', config, command]);
  });
});

describe('dumps', () => {
  it.each(['--report-on-signal --report-signal=SIGUSR2', '--heapsnapshot-signal=SIGUSR2'])(
    'are not written on a signal, though NODE_OPTIONS=%s',
    async (options) => {
      const dumps = join(stage.folder, 'dumps');
      await mkdir(dumps, { recursive: true });
      const child = spawn(process.execPath, [resolve('dist/main.js'), 'sandbox', '--port', '0', '--state', 's.json'], {
        cwd: stage.folder,
        env: { ...process.env, NODE_OPTIONS: `${options} --diagnostic-dir=${dumps}` },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      await once(child.stdout, 'data');
      child.kill('SIGUSR2');
      expect(await once(child, 'exit')).toEqual([null, 'SIGUSR2']);
      expect(readdirSync(dumps)).toEqual([]);
    },
  );
});

describe('afterwards', () => {
  beforeAll(() => stage.finish());

  it('no secret is in any output, log, error, plan or other file, nor in any argument list', () => {
    expect(leaks(stage.secrets, stage.places)).toEqual([]);
  });

  it('nothing else that looks like a private half is in any output', () => {
    const outputs = stage.places.filter(({ name }) => /^(output|errors|log) of /.test(name));
    expect(outputs.length).toBeGreaterThan(100);
    const suspicious = outputs.filter(({ text }) =>
      /BEGIN [A-Z ]*PRIVATE KEY|AGE-SECRET-KEY-1[0-9A-Z]{8}|MC4CAQAwBQYDK2Vw|MIIEv[A-Za-z0-9+/]{20}/.test(text),
    );
    expect(suspicious.map(({ name }) => name)).toEqual([`output of ${KEYGEN_SHOWN}`]);
  });

  it('the search finds each secret where it belongs', () => {
    const bare = stage.secrets.map((secret) => ({ ...secret, belongsIn: [] }));
    const meant = stage.secrets.flatMap(({ name, belongsIn }) =>
      belongsIn.filter((file) => stage.places.some((place) => place.name === file)).map((file) => `${name} in ${file}`),
    );
    expect(meant.length).toBeGreaterThan(10);
    expect([...new Set(leaks(bare, stage.places))].sort()).toEqual(
      expect.arrayContaining(meant.filter((each) => !each.endsWith('record/99999999.json'))),
    );
    const args = stage.places.filter(({ name }) => name === 'an argument list');
    const ours = args.some(({ text }) => text.includes('dist/main.js --log-level trace'));
    expect(ours).toBe(process.platform === 'linux');
  });
});
