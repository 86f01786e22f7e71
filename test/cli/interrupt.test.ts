import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFolder, keyturn } from './keyturn.ts';

/** Ctrl-C, and the SIGTERM of service managers, sent to real processes in the middle of their work. */

const KEYS = 24;
const NAMES = Array.from({ length: KEYS }, (_, index) => `key-${index}`);
/** Slow enough to be met in the middle of a step. */
const POLICY = `apiVersion: keyturn/v1
account: desk
venue: binance
defaults: { algorithm: rsa-2048, ipAllowlist: [203.0.113.7] }
keys:
${NAMES.map((name) => `  - { name: ${name}, application: ${name}, purpose: trading-data, rotateEvery: 30d, owner: desk }\n`).join('')}`;

let folder: string;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ folder, close } = await aFolder());
  await keyturn(['init', '--account', 'desk'], { cwd: folder });
  await writeFile(join(folder, 'policies/desk.yaml'), POLICY);
});
afterEach(() => close());

function start(...args: string[]) {
  const { CI: _ci, NODE_OPTIONS: _options, ...env } = process.env;
  const child = spawn(process.execPath, [resolve('dist/main.js'), ...args], { cwd: folder, env });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
  });
  return { child, said, ended: once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]> };
}

/** A claim stands in a record from the first write of a step on. */
async function untilAStepIsInHand(child: ChildProcess): Promise<void> {
  const desk = join(folder, '.keyturn/store/desk');
  while (child.exitCode === null && (await readdir(desk).catch(() => [])).length === 0) await sleep(5);
}

interface Status {
  current: unknown;
  next: { fingerprint: string | null } | null;
}
const statuses = async (): Promise<Status[]> =>
  JSON.parse((await keyturn(['status', '-o', 'json'], { cwd: folder })).stdout).keys;

describe('keyturn apply', () => {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`finishes the step in hand after ${signal}, begins no other, and ends with ${status}`, async () => {
      const { child, said, ended } = start('apply', '--yes', '-o', 'json');
      await untilAStepIsInHand(child);
      child.kill(signal);
      expect(await ended).toEqual([status, null]);
      expect(said.stderr).toContain('keyturn: finishing the step in hand; interrupt once more to end at once\n');
      expect(said.stderr).toMatch(
        new RegExp(`stopped by ${signal}: ${KEYS} keys have more to do; the next keyturn apply`),
      );
      const { keys } = JSON.parse(said.stdout) as { keys: { actions: unknown[]; error: string | null }[] };
      expect(keys).toHaveLength(KEYS);
      expect(keys.every(({ error, actions }) => error === null && actions.length <= 1)).toBe(true);
      // What was begun is whole: nothing is claimed, nothing half made.
      const made = (await statuses()).filter(({ next }) => next !== null);
      expect(made).toHaveLength(keys.filter(({ actions }) => actions.length === 1).length);
      expect(made.every(({ next }) => next?.fingerprint)).toBe(true);
    });
  }

  it('ends at once after a second one', async () => {
    const { child, ended, said } = start('apply', '--yes');
    await untilAStepIsInHand(child);
    child.kill('SIGTERM');
    while (!said.stderr.includes('once more')) await sleep(5);
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
  });

  it('ends at once while it has begun nothing', async () => {
    const { child, ended } = start('plan', '--horizon', '9999d');
    await once(child, 'spawn');
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
  });
});

it('keyturn sandbox ends with 0, as a server that was asked to', async () => {
  const { child, ended, said } = start('sandbox', '--port', '0');
  while (!said.stdout.includes('listens')) await sleep(5);
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
