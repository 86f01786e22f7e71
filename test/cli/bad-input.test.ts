import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { aFolder, keyturn, type Ran } from './keyturn.ts';

/** Whatever is wrong: a sentence that says what to do, the right exit status, and nothing lost. */

let folder: string;
let close: () => Promise<void>;
const run = (...args: string[]): Promise<Ran> => keyturn(args, { cwd: folder });
const write = (name: string, text: string) => writeFile(join(folder, name), text);

const policy = (venue: string) => `apiVersion: keyturn/v1
account: desk
venue: ${venue}
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }]
`;
const KEY = 'desk/spot';

beforeEach(async () => {
  ({ folder, close } = await aFolder());
  await run('init', '--account', 'first');
  await write('policies/first.yaml', policy('exchange'));
  await write(
    'keyturn.yaml',
    'apiVersion: keyturn/v1\nvenues: { exchange: { kind: binance, baseUrl: "http://127.0.0.1:9" } }\n',
  );
});
afterEach(() => close());

function expectSaid({ status, stderr }: Ran, expected: number, ...says: RegExp[]): void {
  for (const sentence of says) expect(stderr).toMatch(sentence);
  expect(stderr).not.toMatch(/this is a bug|at .*\.js:\d+/);
  expect(status).toBe(expected);
}

describe('policies', () => {
  it('with five different mistakes: all five, each with line, column and remedy', async () => {
    await write(
      'policies/first.yaml',
      `apiVersion: keyturn/v1
account: desk
venue: binanse
defaults: { ipAllowlist: [203.0.113.7], algoritm: rsa-2048 }
keys:
  - { name: spot, application: bot, purpose: spot-trading, rotateEvery: 120d, owner: desk-a }
  - { name: Tax Report, application: tax, purpose: tax-data, rotateEvery: 90d, owner: finance }
  - { name: risk, application: risk, purpose: trading-data, rotateEvery: 60d }
`,
    );
    const { status, stdout } = await run('policy', 'check', '-o', 'json');
    expect(status).toBe(65);
    const { problems } = JSON.parse(stdout);
    expect(
      problems.map(({ line, rule, path }: { line: number; rule: string; path: string }) => `${line} ${rule} ${path}`),
    ).toEqual([
      '3 schema venue',
      '4 schema defaults.algoritm',
      '6 schema keys.0.rotateEvery',
      '7 schema keys.1.name',
      '8 owner keys.2.owner',
    ]);
    for (const { help, column, file } of problems)
      expect({ help, column, file }).toMatchObject({
        help: expect.stringMatching(/.{10}/),
        column: expect.any(Number),
        file: 'policies/first.yaml',
      });
    expect(problems[0].help).toContain('binance');
    expect(problems[1].help).toContain('algorithm');
    expectSaid(await run('plan'), 65, /policies\/first\.yaml:3:8/, /policy check/);
    expectSaid(await run('apply'), 65, /nothing was done/);
  });
  it('in a folder that is not there', async () =>
    expectSaid(await run('plan', '--policies', 'nowhere'), 65, /nowhere does not exist/, /keyturn init/));
  it('in an empty folder: not taken for no keys', async () => {
    await mkdir(join(folder, 'empty'));
    for (const command of [['plan'], ['apply'], ['status', '--check'], ['policy', 'check']])
      expectSaid(await run('--policies', 'empty', ...command), 65, /no policies in empty/, /keyturn init/);
  });
  it('of a pipe that nobody writes to', async () => {
    execFileSync('mkfifo', [join(folder, 'policies/pipe.yaml')]);
    expectSaid(await run('plan'), 65, /policies\/pipe\.yaml is no file/);
  });
  it('of a configuration file that is not there', async () =>
    expectSaid(await run('plan', '--config', 'nowhere.yaml'), 65, /nowhere\.yaml/, /hint/));
});

describe('the command line', () => {
  it.each([[[]], [['apply']], [['policy']]])('help %s', async (words) =>
    expect(await run('help', ...words)).toMatchObject({ status: 0, stdout: (await run(...words, '--help')).stdout }),
  );
  it('an unknown command suggests', async () => expectSaid(await run('aply'), 64, /apply/));
  it('a private key as an argument, which is not repeated', async () => {
    const ran = await run('register', KEY, '-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----');
    expectSaid(ran, 64, /unknown option '…'/);
    expect(ran.stderr).not.toContain('MIIEvQ');
  });
  it('an unknown option', async () => expectSaid(await run('plan', '--outt', 'x'), 64, /--out/));
  it('an unknown key suggests', async () =>
    expectSaid(await run('task', 'desk/spott'), 64, /did you mean desk\/spot\?/));
  it('a rotation without a reason', async () => expectSaid(await run('rotate', KEY), 64, /--reason/));
  it.each([
    ['rotate', '--compromised', '--reason', 'red \u001b[31m'],
    ['rotate', '--reason', 'two\nlines'],
    ['rotate', '--reason', 'x'.repeat(501)],
    ['rollback', '--reason', '\u0007'],
    ['attest', '--reason', '\u009b31m'],
    ['rotate', '--reason', 'drill', '--by', '\u001b[2Jops'],
    ['rotate', '--reason', 'drill', '--by', ''],
  ])('a text that would steer the terminals of others, or fill the record: %s %s %j %s', async (command, ...rest) =>
    expectSaid(await run(command, KEY, ...rest), 64, /--(reason|by) must be one line of text/),
  );
  it('a time that is none', async () =>
    expectSaid(await run('plan', '--at', 'tomorrow'), 64, /“tomorrow” is not an instant/));
  it.each(['2027-02-30', '2027-02-29T12:00:00Z', '2027-13-01'])('%s, a day of no calendar', async (at) =>
    expectSaid(await run('plan', '--at', at), 64, /is not an instant/),
  );
  it('a shard that is none', async () => expectSaid(await run('apply', '--shard', '4/4'), 64, /I from 0 to N-1/));
  it.each([
    ['--account', '../outside'],
    ['--account', 'With Capitals'],
    ['--account', ''],
    ['--venue', 'x, y: z'],
  ])('a first policy with %s %j is not written', async (option, name) => {
    const before = await readdir(folder, { recursive: true });
    expectSaid(await run('init', option, name), 64, new RegExp(`${option} must be 1 to 80 lower-case letters`));
    expect(await readdir(folder, { recursive: true })).toEqual(before);
    expect(await readdir(join(folder, '..'))).not.toContain('outside.yaml');
  });
  it('a port that is none', async () => expectSaid(await run('sandbox', '--port', '99999'), 64, /ports end at 65535/));
  it('a plan file that is not there', async () => expectSaid(await run('apply', 'nowhere.json'), 65, /nowhere\.json/));
  it('another time at a venue that is not on this machine', async () => {
    await write('policies/first.yaml', policy('binance'));
    expectSaid(await run('apply', '--at', '2027-01-01'), 1);
    expect((await run('apply', '--at', '2027-01-01')).stdout).toMatch(/another time than now/);
  });
});

describe('the embedded store', () => {
  it('without identities: run init', async () => {
    await rm(join(folder, '.keyturn'), { recursive: true });
    expect((await run('plan')).status).toBe(0);
    expectSaid(await run('apply'), 65, /recipients/, /keyturn init/);
  });
  it('without the identity file', async () => {
    await rm(join(folder, '.keyturn/identity.txt'));
    expectSaid(await run('apply'), 65, /identity\.txt does not exist/, /keyturn init/);
  });
  it('whose identity is lost gets no other one, which would open nothing: init says what to put there', async () => {
    await run('apply');
    await rm(join(folder, '.keyturn/identity.txt'));
    const { status, stdout } = await run('init', '--account', 'first');
    expect({ status, stdout }).toMatchObject({ status: 1, stdout: /missing {2}\.keyturn\/identity\.txt/ });
    expect(stdout).toContain('cp recovery.txt .keyturn/identity.txt');
    await copyFile(join(folder, '.keyturn/recovery.txt'), join(folder, '.keyturn/identity.txt'));
    expect((await run('doctor', '--offline')).stdout).not.toMatch(/identity-missing|material-unreadable/);
  });
  it('with an identity that others can read', async () => {
    await chmod(join(folder, '.keyturn/identity.txt'), 0o644);
    expectSaid(await run('apply'), 1, /identity\.txt can be read by others \(mode 0644\)/, /chmod 600/);
  });
  it('open to others', async () => {
    await run('apply');
    await chmod(join(folder, '.keyturn/store'), 0o755);
    await run('rotate', KEY, '--reason', 'x');
    expectSaid(await run('register', KEY, 'a'.repeat(64)), 1, /open to others/, /chmod 700/);
  });
  it('where a file stands in its place', async () => {
    await write('.keyturn/store', 'not a folder');
    expectSaid(await run('apply'), 1);
    expect((await run('plan')).stdout + (await run('apply')).stdout).toMatch(/\.keyturn\/store/);
  });
  it('with foreign files beside its own: passed over', async () => {
    await run('apply');
    await write('.keyturn/store/README', 'hello');
    await mkdir(join(folder, '.keyturn/store/lost+found'));
    await write('.keyturn/store/desk/.DS_Store', 'x');
    expect((await run('status')).status).toBe(0);
    expect((await run('apply')).status).toBe(0);
  });
  it('with a record that cannot be read: that key holds still', async () => {
    await run('apply');
    await write('.keyturn/store/desk/spot/record/00000099.json', 'rubbish');
    const { status, stdout } = await run('apply');
    expect({ status, stdout }).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/cannot be read.*restore the record from a backup/),
    });
    const planned = await run('plan', '-o', 'json', '--detailed-exitcode');
    expectSaid(planned, 1, /1 of 1 keys cannot be decided/);
    expect(JSON.parse(planned.stdout).keys[0]).toMatchObject({ action: null, reason: 'record-unreadable' });
  });
  it('with material and no record: nothing is made', async () => {
    await run('apply');
    await rm(join(folder, '.keyturn/store/desk/spot/record'), { recursive: true });
    expect(JSON.parse((await run('plan', '-o', 'json')).stdout).keys[0]).toMatchObject({
      action: null,
      reason: 'record-lost',
    });
    expect((await run('apply')).status).toBe(1);
  });
});

describe('a key whose record lies in another store', () => {
  it.each([
    ['rotate', '--compromised', '--reason', 'leak'],
    ['rotate', '--reason', 'drill'],
    ['register', 'a'.repeat(64)],
    ['rollback', '--reason', 'x'],
    ['attest', '--reason', 'x'],
  ])('is not called new: %s %s', async (command, ...rest) => {
    await run('apply');
    const other = '{ kind: directory, path: other, identity: { file: .keyturn/identity.txt } }';
    await write('keyturn.yaml', `apiVersion: keyturn/v1\nstores: { other: ${other} }\n`);
    await write('policies/first.yaml', policy('sandbox').replace('venue:', 'store: other\nvenue:'));
    expectSaid(await run(command, KEY, ...rest), 1, /its record lies in store local, the policy says other/);
  });
});

describe('a key id', () => {
  it('before anything was asked for', async () =>
    expectSaid(await run('register', KEY, 'a'.repeat(64)), 1, /waits for no key id/));
  it.each([
    ['with a space', 'ab cd', /space or line break/],
    ['that is empty', '', /is empty/],
    ['that is too short', 'abc', /has 3 characters/],
  ])('%s', async (_name, id, says) => {
    await run('apply');
    expectSaid(await run('register', KEY, id), 64, says, /64 letters and digits/);
  });
  it('that is missing in a pipe', async () => {
    expectSaid(await run('register', KEY), 64, /keyturn register desk\/spot KEY-ID, or --key-id -/);
    expectSaid(await run('adopt', KEY), 64, /keyturn adopt desk\/spot KEY-ID, or --key-id -/);
  });
  it('that is the fingerprint from the card', async () => {
    await run('apply');
    const { tasks } = JSON.parse((await run('tasks', '-o', 'json')).stdout);
    expectSaid(await run('register', KEY, tasks[0].fingerprint), 64, /the fingerprint of generation 1, not the key id/);
  });
  it('of a generation that nobody was asked to register', async () => {
    await run('apply');
    const given = await run('register', KEY, 'a'.repeat(64), '--generation', '7');
    expectSaid(given, 1, /waits for no key id: nobody was asked to register generation 7/);
  });
  it('of another key of the account', async () => {
    await write(
      'policies/first.yaml',
      `${policy('exchange')}`.replace(
        '}]',
        '}, { name: tax, application: tax, purpose: tax-data, rotateEvery: 90d, owner: finance }]',
      ),
    );
    await run('apply');
    expect((await run('register', KEY, 'a'.repeat(64))).status).toBe(0);
    expectSaid(
      await run('register', 'desk/tax', 'a'.repeat(64)),
      1,
      /aaaa…aaaa belongs to generation 1 of desk\/spot already/,
    );
  });
});

describe('a venue', () => {
  let server: Server;
  const listen = async (answer: RequestListener) => {
    server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await write(
      'keyturn.yaml',
      `apiVersion: keyturn/v1\nvenues: { exchange: { kind: binance, baseUrl: "http://127.0.0.1:${(server.address() as AddressInfo).port}" } }\n`,
    );
  };
  const registered = async () => {
    await run('apply');
    await run('register', KEY, 'a'.repeat(64));
  };
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });
  const expectFailed = ({ status, stdout }: Ran, says: RegExp) => {
    expect(stdout).toMatch(says);
    expect(status).toBe(1);
  };

  it('that is down', async () => {
    await registered();
    expectFailed(await run('apply'), /could not be reached; check address, proxy and network/);
  });
  it('that does not answer', async () => {
    await registered();
    await listen(() => undefined);
    expectFailed(await run('apply'), /did not answer in time/);
  });
  it('that answers with a web page', async () => {
    await registered();
    await listen((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>log in</html>'),
    );
    expectFailed(await run('apply'), /not one of its API; check baseUrl/);
  });
  it('whose clock is an hour away', async () => {
    await registered();
    const sandbox: Sandbox = await startSandbox({
      port: 0,
      stateFile: null,
      now: () => new Date(Date.now() + 3_600_000),
    });
    await write(
      'keyturn.yaml',
      `apiVersion: keyturn/v1\nvenues: { exchange: { kind: binance, baseUrl: "${sandbox.url}" } }\n`,
    );
    expectFailed(await run('apply'), /clock is (60m|1h|3600s|59m.*) behind the venue’s; set it \(NTP\)/);
    await sandbox.close();
  });
  it('that is down disturbs no other key', async () => {
    await registered();
    await write(
      'policies/first.yaml',
      policy('exchange').replace(
        '}]',
        '}, { name: tax, application: tax, purpose: tax-data, rotateEvery: 90d, owner: finance }]',
      ),
    );
    expectFailed(await run('apply'), /done {5}desk\/tax {2}generate/);
  });
});
