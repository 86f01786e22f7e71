import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFolder, keyturn } from './keyturn.ts';

let here: Awaited<ReturnType<typeof aFolder>>;

beforeEach(async () => {
  here = await aFolder({ 'policies.yaml': POLICY });
});
afterEach(() => here.close());

const POLICY = `apiVersion: keyturn/v1
account: trading
venue: sandbox
keys:
  - { name: spot, application: maker, purpose: spot-trading, rotateEvery: 30d, owner: desk, ipAllowlist: [203.0.113.7] }
`;
const run = (...args: string[]) => keyturn(args, { cwd: here.folder });

describe('global options', () => {
  const policies = ['--policies', 'policies.yaml'];
  const places: Record<string, string[]> = {
    'behind the command': ['plan', ...policies, '-o', 'json'],
    'before it': [...policies, '-o', 'json', 'plan'],
    'before a command of two words': ['--output=json', ...policies, 'policy', 'check'],
    'around it': ['-ojson', 'status', ...policies],
  };
  for (const [place, args] of Object.entries(places)) {
    it(`may stand ${place}`, async () => {
      const { status, stdout, stderr } = await run(...args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ formatVersion: 1 });
    });
  }

  it('are refused with what may stand there', async () =>
    expect(await run('-o', 'xml', 'plan')).toEqual({
      status: 64,
      stdout: '',
      stderr:
        "keyturn: error: option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are text, json, markdown, ics.\n",
    }));
});

describe('help and version go to standard output', () => {
  it('--help', async () => {
    const { status, stdout, stderr } = await run('--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: keyturn/);
    expect(stdout).not.toMatch(/^ {2}complete /m);
  });
  it('--version', async () => expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/));
  it('but not where a command is missing', async () => {
    const { status, stdout, stderr } = await run();
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toMatch(/^Usage: keyturn/);
  });
});

// Linux has a disk that is always full.
describe.skipIf(!existsSync('/dev/full'))('output that nobody takes', () => {
  /** Each output goes to a reader that leaves at once (`gone`), to a full disk, or is kept. */
  const into = async (stdout: 'gone' | 'full', stderr: 'kept' | 'full', ...args: string[]) => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [resolve('dist/main.js'), ...args], {
      cwd: here.folder,
      stdio: ['ignore', stdout === 'full' ? full : 'pipe', stderr === 'full' ? full : 'pipe'],
    });
    closeSync(full);
    child.stdout?.destroy();
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    const [status] = await once(child, 'close');
    return { status, said };
  };

  it('is no failure when the reader has seen enough', async () =>
    expect(await into('gone', 'kept', 'policy', 'schema')).toEqual({ status: 0, said: '' }));

  it('is one, in a sentence, when the disk is full', async () =>
    expect(await into('full', 'kept', 'policy', 'schema')).toEqual({
      status: 1,
      said: 'keyturn: error: standard output cannot be written (ENOSPC)\n',
    }));

  it('leaves the status of a failed command alone', async () =>
    expect((await into('full', 'full', 'plna')).status).toBe(64));
});
