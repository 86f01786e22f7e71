import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OUTPUTS } from '../../src/outputs.ts';
import { aWorld, KEY, type World } from '../flow/world.ts';
import { describeWith, program } from '../programs/index.ts';
import { keyturn } from './keyturn.ts';

/** Two generations finished and one current, then the store is edited by hand. */

let world: World;
let folder: string;

beforeAll(async () => {
  world = await aWorld({ venue: ', proof: { groups: 2, apart: 1m }' });
  await world.apply();
  await world.registers();
  await world.apply();
  for (let rotation = 0; rotation < 2; rotation++) {
    world.forward({ days: 29 });
    await world.apply();
    await world.registers();
    await world.apply();
    world.forward({ hours: 25 });
    await world.apply();
    await world.deletes();
    await world.apply();
    world.forward({ minutes: 2 });
    await world.apply();
  }
});
afterAll(() => world.close());

// Every test edits a copy.
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-evidence-'));
  cpSync(world.folder, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const evidence = async (...args: string[]) => {
  const { status, stdout, stderr } = await keyturn(['evidence', KEY, ...args], { cwd: folder });
  return { status, stdout, stderr };
};
const json = async (...args: string[]) => {
  const { status, stdout } = await evidence('-o', 'json', ...args);
  return { status, ...OUTPUTS.evidence.parse(JSON.parse(stdout)) };
};
const inStore = (...path: string[]): string => join(folder, '.keyturn/store', KEY, ...path);
const edit = (file: string, change: (text: string) => string): void =>
  writeFileSync(file, change(readFileSync(file, 'utf8')));
const head = (): string => inStore('record', readdirSync(inStore('record')).sort().at(-1) ?? '');

interface Stored {
  entries: unknown[];
}
const editDocument = (generation: number, change: (document: Stored) => void): void =>
  edit(inStore('evidence', `00000${generation}.json`), (text) => {
    const document = JSON.parse(text) as Stored;
    change(document);
    return `${JSON.stringify(document, null, 1)}\n`;
  });

describe('the evidence of a key', () => {
  it('tells every generation from its first day on, and holds', async () => {
    const { status, intact, generations } = await json();
    expect({ status, intact }).toEqual({ status: 0, intact: true });
    expect(generations.map(({ generation, state }) => `${generation} ${state}`)).toEqual([
      '1 finished',
      '2 finished',
      '3 live',
    ]);
    const [first] = generations;
    expect(first?.entries.find(({ event }) => event === 'generated')?.detail).toMatchObject({
      policy: expect.stringMatching(/^[0-9a-f]{16}$/),
      fingerprint: first?.fingerprint,
    });
    expect(first?.entries.filter(({ event }) => event === 'probed').length).toBeGreaterThanOrEqual(2);
    expect(first?.apiKey).toMatch(/^.{4}….{4}$/);
  });

  it('is written for people, too', async () => {
    const { stdout } = await evidence();
    expect(stdout).toMatch(/^# Evidence of desk\/spot\n\nThe chain holds/);
    expect(stdout).toMatch(/\| proven-dead \| test \| groups: .*Z, .*Z \|/);
  });

  const BROKEN: Record<string, { edit: () => void; says: RegExp }> = {
    'an entry of a sealed document is changed': {
      edit: () => edit(inStore('evidence', '000001.json'), (text) => text.replace('"verified"', '"verifies"')),
      says: /generation 1.* was changed/,
    },
    'an entry is removed': { edit: () => editDocument(2, ({ entries }) => entries.splice(3, 1)), says: /generation 2/ },
    'two entries change places': {
      edit: () => editDocument(1, ({ entries }) => entries.splice(2, 2, entries[3], entries[2])),
      says: /generation 1/,
    },
    'a document is removed': {
      edit: () => rmSync(inStore('evidence', '000001.json')),
      says: /document of generation 1, which was changed or removed/,
    },
    'the newest document is removed': {
      edit: () => rmSync(inStore('evidence', '000002.json')),
      says: /the record names the document of generation 2/,
    },
    'two documents change places': {
      edit: () => {
        const [one, two] = [1, 2].map((number) => readFileSync(inStore('evidence', `00000${number}.json`), 'utf8'));
        writeFileSync(inStore('evidence', '000001.json'), two ?? '');
        writeFileSync(inStore('evidence', '000002.json'), one ?? '');
      },
      says: /document of generation 1 cannot be read/,
    },
    'an entry of the living generation is changed in the record': {
      edit: () => edit(head(), (text) => text.replace('"event":"promoted"', '"event":"promotes"')),
      says: /entry \d+ of generation 3 was changed/,
    },
  };
  for (const [title, row] of Object.entries(BROKEN)) {
    it(`is broken where ${title}`, async () => {
      row.edit();
      const { status, intact, breaks } = await json();
      expect({ status, intact }).toEqual({ status: 1, intact: false });
      expect(breaks.map(({ message }) => message).join('\n')).toMatch(row.says);
    });
  }

  it('says so where a file is no signing key, and shows nothing of it', async () => {
    writeFileSync(join(folder, 'no.pem'), 'not a key, but a secret\n', { mode: 0o600 });
    const { status, stderr, stdout } = await evidence('--signing-key', 'no.pem');
    expect(status).toBe(65);
    expect(stderr).toMatch(/no\.pem is not an unencrypted Ed25519 private key/);
    expect(stdout + stderr).not.toContain('secret');
  });
});

describeWith(['openssl'], 'a signature over the head', () => {
  it('is verified by openssl', async () => {
    const file = (name: string) => join(folder, name);
    execFileSync(program('openssl'), ['genpkey', '-algorithm', 'ed25519', '-out', file('audit.pem')]);
    execFileSync('chmod', ['600', file('audit.pem')]);
    const { head, signature } = await json('--signing-key', 'audit.pem');
    if (!signature) throw new Error('nothing was signed');
    expect(signature.signed).toBe(head);
    writeFileSync(file('head.txt'), signature.signed);
    writeFileSync(file('head.sig'), Buffer.from(signature.value, 'base64'));
    writeFileSync(file('audit.pub'), signature.publicKey);
    const verify = () =>
      execFileSync(
        program('openssl'),
        [
          'pkeyutl',
          '-verify',
          '-pubin',
          '-inkey',
          file('audit.pub'),
          '-rawin',
          '-in',
          file('head.txt'),
          '-sigfile',
          file('head.sig'),
        ],
        { stdio: 'pipe' },
      ).toString();
    expect(verify()).toContain('Signature Verified Successfully');
    writeFileSync(file('head.txt'), signature.signed.replace(/^./, 'x'));
    expect(verify).toThrow();
  });
});
