import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** docs/leaked.md, as somebody follows it at night: the commands that stand there, and the page of the venue. */

const PAGE = readFileSync('docs/leaked.md', 'utf8');
const COMMANDS = (/```sh\n([^`]*)```/.exec(PAGE)?.[1] ?? '')
  .trim()
  .split('\n')
  .map((line) => line.replace(/\s+# .*$/, '').replace(/^keyturn /, ''));

const KEY = 'desk/spot';

let sandbox: Sandbox;
let folder: string;
let close: () => Promise<void>;
beforeEach(async () => {
  sandbox = await startSandbox({ port: 0, stateFile: null });
  ({ folder, close } = await aFolder());
  await keyturn(['init', '--account', 'desk'], { cwd: folder });
  await writeFile(
    join(folder, 'policies/desk.yaml'),
    `apiVersion: keyturn/v1
account: desk
venue: exchange
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }]
`,
  );
  await writeFile(
    join(folder, 'keyturn.yaml'),
    `apiVersion: keyturn/v1\nvenues: { exchange: { kind: binance, baseUrl: "${sandbox.url}", proof: { groups: 1, apart: 0s } } }\n`,
  );
});
afterEach(async () => {
  await sandbox.close();
  await close();
});

const run = (...args: string[]) => keyturn(args, { cwd: folder });
const runAlone = (...args: string[]) => run(...args, '--policies', 'policies/desk.yaml');
const atThePage = (action: string, fields: Record<string, string>) =>
  fetch(`${sandbox.url}/en/my/settings/api-management/${action}`, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams(fields),
  });

/** Does what the cards say, and returns the id of the new key. */
async function doTasks(): Promise<string> {
  const { tasks } = JSON.parse((await runAlone('task', KEY, '-o', 'json')).stdout);
  let id = '';
  for (const { kind, apiKey, label, publicKey } of tasks) {
    if (kind === 'delete') await atThePage('delete', { apiKey });
    if (kind !== 'register') continue;
    const switches = { enableReading: 'on', enableSpotAndMarginTrading: 'on' };
    const allowlist = { ipRestrict: 'on', ipAllowlist: '127.0.0.1' };
    const created = await atThePage('create', { label, publicKey, ...switches, ...allowlist });
    ({ apiKey: id } = (await created.json()) as { apiKey: string });
  }
  return id;
}

it('the page for a leaked key leads from the alarm to the proof, beside somebody else’s broken policy', async () => {
  await run('apply', '--yes');
  await run('register', KEY, await doTasks());
  await run('apply', '--yes');
  await writeFile(join(folder, 'policies/other.yaml'), 'apiVersion: keyturn/v1\naccount: other\nkeys: [\n');
  const refused = await run('apply', '--yes');
  expect(refused).toMatchObject({ status: 65, stderr: expect.stringMatching(/--policies FILE/) });

  let id = '';
  const said: string[] = [];
  expect(COMMANDS).toHaveLength(7);
  for (const command of COMMANDS) {
    const words =
      command
        .replace('KEY-ID', id)
        .replace('KEY', KEY)
        .match(/'[^']*'|\S+/g) ?? [];
    const ran = await runAlone(...words.map((word) => word.replaceAll("'", '')));
    expect({ command, ...ran }).toMatchObject({ status: 0 });
    said.push(ran.stdout);
    if (command.startsWith('task ')) id = await doTasks();
  }
  expect(said[2]).toContain('COMPROMISED: do it now');
  expect(said[4]).toMatch(/prove: generation 1 is dead: 1 probe group saw the venue refuse it/);
  expect(said[6]).toMatch(/declared-compromised .*laptop stolen[\s\S]*proven-dead/);
});

it('policies that are all unsound name no way round', async () => {
  await writeFile(join(folder, 'policies/desk.yaml'), 'apiVersion: keyturn/v1\naccount: desk\n');
  const { status, stderr } = await run('apply', '--yes');
  expect(status).toBe(65);
  expect(stderr).not.toContain('--policies');
});
