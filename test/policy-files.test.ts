import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const load = (text: string | Buffer) => loadPolicies([aFolder({ 'a.yaml': text })], context);
const shown = ({ line, column, rule, path, message }: Problem) => `${line}:${column} ${rule} ${path}: ${message}`;

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

/** The sound file with one line replaced, or lines added at its end. */
const changed = (line: string, replacement: string) => SOUND.replace(line, replacement);
const extended = (...lines: string[]) => `${SOUND}${lines.join('\n')}\n`;

describe('a file', () => {
  it('gives its keys, with the lines they stand on', async () => {
    const { files, keys, problems, waivers } = await load(
      extended('waivers:', '  - { rule: owner, key: spot, reason: soon, until: 2027-01-01 }'),
    );
    expect({ files, problems }).toEqual({ files: 1, problems: [] });
    expect(keys).toMatchObject([{ id: 'main/spot', source: { line: 6 } }]);
    expect(waivers).toMatchObject([{ rule: 'owner', key: 'main/spot', until: '2027-01-01', source: { line: 12 } }]);
  });

  it('with five different mistakes shows all five, where they are', async () => {
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
      expect.stringContaining('2:10 schema account: account must be 1 to 80 lower-case letters'),
      '3:8 schema venue: there is no venue named binanse',
      '5:3 schema defaults.ipAlowlist: there is no field ipAlowlist here',
      '7:5 owner keys.0.owner: this key has no owner',
      '7:5 ip-allowlist keys.0.ipAllowlist: whoever gets this key can use it from anywhere (spot-trade)',
      '10:18 schema keys.0.rotateEvery: rotateEvery must be whole days from 30d to 90d, written in d',
    ].toSorted((a, b) => Number.parseInt(a.toString(), 10) - Number.parseInt(b.toString(), 10)));
  });
});
