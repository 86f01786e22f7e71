import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { type Kinds, loadConfiguration } from '../src/configuration.ts';
import { about } from '../src/core/about.ts';
import { configurationJsonSchema } from '../src/json-schemas.ts';
import { hasErrors, type Problem } from '../src/problems.ts';
import { SecretReference } from '../src/secret-reference.ts';

const KINDS = {
  stores: {
    directory: async () =>
      z.strictObject({ path: z._default(about(z.string(), 'Where the files are'), '.keyturn/store') }),
    vault: async () =>
      z.strictObject({
        address: about(z.url({ error: 'must be an address' }), 'Where Vault answers'),
        auth: z.discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('token'), token: SecretReference }),
          z.strictObject({
            kind: z.literal('kubernetes'),
            role: about(z.string(), 'The role to log in with'),
          }),
        ]),
      }),
  },
  venues: { binance: async () => z.strictObject({ baseUrl: z._default(z.string(), 'https://api.binance.com') }) },
  notifiers: { slack: async () => z.strictObject({ url: about(SecretReference, 'Where to post') }) },
  hooks: { command: async () => z.strictObject({ run: z.array(z.string()).check(z.minLength(1)) }) },
  builtIn: { stores: { local: { kind: 'directory' } }, venues: { binance: { kind: 'binance' } } },
} satisfies Kinds;

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'keyturn-configuration-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;

async function load(text: string) {
  folders += 1;
  const folder = join(root, `${folders}`);
  mkdirSync(folder);
  const file = join(folder, 'keyturn.yaml');
  writeFileSync(file, text);
  return { folder, ...(await loadConfiguration(file, KINDS)) };
}

const written = (...lines: string[]) => load(['apiVersion: keyturn/v1', ...lines, ''].join('\n'));
const shown = ({ line, column, rule, path, message }: Problem) => `${line}:${column} ${rule} ${path}: ${message}`;

describe('a configuration', () => {
  it('is what is built in, where there is no file', async () => {
    const { configuration, problems } = await loadConfiguration(null, KINDS);
    expect(problems).toEqual([]);
    expect(configuration).toEqual({
      folder: process.cwd(),
      stores: { local: { kind: 'directory', path: '.keyturn/store' } },
      venues: {
        binance: { kind: 'binance', baseUrl: 'https://api.binance.com', proof: { groups: 2, apart: 600 } },
      },
      notifiers: {},
      hooks: {},
      claim: { for: 900, margin: 120 },
      serve: {
        schedule: '*/15 * * * *',
        timeZone: 'Etc/UTC',
        jitter: 30,
        listen: { host: '127.0.0.1', port: 9464 },
      },
      whereIs: expect.any(Function),
      requireApproved: false,
      allowedSigners: 'allowed_signers',
    });
  });

  it('adds to what is built in, and replaces it, with durations in seconds', async () => {
    const { folder, configuration, problems } = await written(
      'claim: { for: 1h, margin: 5m }',
      'serve: { schedule: "0 6 * * *", timeZone: Europe/London, listen: "[::1]:0" }',
      'stores: { local: { kind: directory, path: elsewhere } }',
      'venues:',
      '  rehearsal:',
      '    kind: binance',
      '    baseUrl: http://127.0.0.1:8787',
      '    proof: { groups: 3, apart: 1m }',
      '    inside: { proxy: "http://egress-a:3128", address: 203.0.113.7 }',
      '    outside: { proxy: "http://egress-b:3128" }',
    );
    expect(problems).toEqual([]);
    expect(configuration).toMatchObject({
      folder,
      claim: { for: 3600, margin: 300 },
      serve: { schedule: '0 6 * * *', timeZone: 'Europe/London', jitter: 30, listen: { host: '::1', port: 0 } },
      stores: { local: { path: 'elsewhere' } },
      venues: {
        binance: { baseUrl: 'https://api.binance.com' },
        rehearsal: {
          baseUrl: 'http://127.0.0.1:8787',
          proof: { groups: 3, apart: 60 },
          inside: { proxy: 'http://egress-a:3128', address: '203.0.113.7' },
          outside: { proxy: 'http://egress-b:3128' },
        },
      },
    });
  });

  it('names secrets by where they are', async () => {
    const { configuration, problems } = await written(
      'stores:',
      '  vault: { kind: vault, address: "https://vault.internal:8200", auth: { kind: token, token: { env: VAULT_TOKEN } } }',
    );
    expect(problems).toEqual([]);
    expect(configuration.stores.vault).toMatchObject({ auth: { token: { env: 'VAULT_TOKEN' } } });
  });

  it('that was named and is not there is an error', async () => {
    await expect(loadConfiguration(join(root, 'nowhere.yaml'), KINDS)).rejects.toThrow(
      expect.objectContaining({ code: 'invalid', hint: 'check the path: there is nothing of that name' }),
    );
  });

  it('with mistakes keeps the entries that have none', async () => {
    const { configuration, problems } = await written(
      'claim: { for: 1m }',
      'stores: { good: { kind: directory }, bad: { kind: directory, pth: x } }',
    );
    expect(hasErrors(problems)).toBe(true);
    expect(Object.keys(configuration.stores)).toEqual(['local', 'good']);
    expect(configuration.claim).toEqual({ for: 900, margin: 120 });
  });
});

const MISTAKES: Record<string, { lines: string[]; problems: unknown[]; help?: string }> = {
  'an unknown field': {
    lines: ['exchanges: {}'],
    problems: ['2:1 schema exchanges: there is no field exchanges here'],
    help: 'fields that may stand here: apiVersion, stores, venues, notifiers, hooks, claim, serve, requireApproved, allowedSigners',
  },
  'an unknown kind': {
    lines: ['stores: { s3: { kind: s3 } }'],
    problems: ['2:23 schema stores.s3.kind: kind must be one of directory, vault'],
  },
  'a misspelt kind': {
    lines: ['venues: { desk: { kind: binanse } }'],
    problems: [expect.stringMatching(/^2:25 schema venues.desk.kind: kind must be (?:one of )?binance/)],
  },
  'no kind': {
    lines: ['stores: { s3: { bucket: b } }'],
    problems: ['2:15 schema stores.s3.kind: kind is missing'],
    help: 'add kind: directory or vault',
  },
  'a misspelt option of its kind': {
    lines: ['stores: { keys: { kind: directory, pth: x } }'],
    problems: ['2:36 schema stores.keys.pth: there is no field pth here'],
    help: 'did you mean path?',
  },
  'a missing option deep inside': {
    lines: ['stores:', '  v: { kind: vault, address: "https://v:8200", auth: { kind: kubernetes } }'],
    problems: ['3:54 schema stores.v.auth.role: role is missing'],
  },
  'a name that is none': {
    lines: ['stores: { Keys: { kind: directory } }'],
    problems: [expect.stringMatching(/^2:11 schema stores.Keys: a name in stores must be 1 to 80 lower-case/)],
  },
  'a schedule that means different things to different readers': {
    lines: ['serve: { schedule: "0 0 13 * 5", timeZone: Europe/Lundon, listen: somewhere }'],
    problems: [
      expect.stringMatching(/^2:20 schema serve.schedule: schedule must leave day of month or day of week open/),
      expect.stringMatching(/^2:44 schema serve.timeZone: timeZone must be a time zone/),
      expect.stringMatching(/^2:67 schema serve.listen: listen must be an address and a port/),
    ],
  },
  'a claim that is all margin': {
    lines: ['claim: { for: 2m, margin: 2m }'],
    problems: [expect.stringMatching(/^2:15 schema claim.for: for must be longer than margin/)],
  },
  'a proof of too many groups, not apart': {
    lines: ['venues: { b: { kind: binance, proof: { groups: 11, apart: 10 } } }'],
    problems: [
      '2:48 schema venues.b.proof.groups: groups must be at most 10',
      '2:59 schema venues.b.proof.apart: apart must be a text, not a number',
    ],
  },
  'an egress that is no address': {
    lines: ['venues: { b: { kind: binance, inside: { address: gateway }, outside: { proxy: "ftp://x" } } }'],
    problems: [
      expect.stringMatching(/^2:50 schema venues.b.inside.address: address /),
      expect.stringMatching(/^2:79 schema venues.b.outside.proxy: proxy must be an address/),
    ],
  },
  'a secret where a reference belongs': {
    lines: ['stores:', '  v: { kind: vault, address: "https://v:8200", auth: { kind: token, token: correct-horse } }'],
    problems: ['3:76 secret-material stores.v.auth.token: token seems to hold a secret, written out'],
    help: 'name where it comes from, { env: NAME } or { file: PATH }, and replace the secret: it has been seen',
  },
  'a reference that refers to nothing': {
    lines: ['stores:', '  v: { kind: vault, address: "https://v:8200", auth: { kind: token, token: { nev: TOKEN } } }'],
    problems: ['3:76 schema stores.v.auth.token: token has none of the forms it can have'],
    help: 'write { env: NAME } or { file: PATH }',
  },
  'a password in an address': {
    lines: ['venues: { b: { kind: binance, outside: { proxy: "http://me:correct-horse@egress:3128" } } }'],
    problems: ['2:50 secret-material : here stands a password in an address'],
  },
  'broken YAML': { lines: ['stores: ['], problems: [expect.stringMatching(/^\d+:\d+ syntax : /)] },
};

describe('said is of a configuration with', () => {
  it.each(Object.entries(MISTAKES))('%s', async (_, { lines, problems, help }) => {
    const { problems: found } = await written(...lines);
    expect(found.map(shown)).toEqual(problems);
    if (help !== undefined) expect(found[0]?.help).toBe(help);
    expect(JSON.stringify(found)).not.toContain('correct-horse');
    for (const problem of found) expect(problem.help).toMatch(/\S/);
  });
});

it('the JSON Schema knows every kind', async () => {
  const schema = await configurationJsonSchema(KINDS);
  expect(schema).toMatchObject({ $id: expect.stringMatching(/^urn:/), additionalProperties: false });
  for (const kind of ['directory', 'vault', 'binance']) expect(JSON.stringify(schema)).toContain(`"const":"${kind}"`);
});
