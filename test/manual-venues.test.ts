import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyIdMatcher, strangersId } from '../providers/venues/manual/key-id.ts';
import { loadConfiguration } from '../src/configuration.ts';
import { KINDS } from '../src/wire.ts';

/** What is said of a venue of one’s own that is described wrongly. */

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-manual-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const LINES = {
  keyId: '    keyId: { pattern: "gw_{hex:32}", description: gw_ and 32 hexadecimal digits }',
  url: '        url: https://gateway.internal/me?key={apiKey}&at={timestamp}',
  headers: '        headers: { x-signature: "{signature}" }',
  sign: '        sign: "{timestamp}{apiKey}"',
  alive: '        alive: { status: 200 }',
  dead: '        dead: { status: 401, json: { path: error, equals: unknown } }',
  more: '',
};

/** `line:column path: message` of every problem; each field may be written otherwise, or left out with an empty text. */
async function problemsOf({ probe, ...changes }: Partial<typeof LINES> & { probe?: string } = {}): Promise<string[]> {
  const lines = { ...LINES, ...changes };
  const file = join(folder, 'keyturn.yaml');
  const text = [
    'apiVersion: keyturn/v1',
    'venues:',
    '  gateway:',
    '    kind: manual',
    '    title: Gateway',
    '    page: https://gateway.internal/keys',
    '    register: [Paste the key.]',
    '    delete: [Delete the key.]',
    '    algorithms: [ed25519]',
    lines.keyId,
    '    probe:',
    ...(probe === undefined ? ['      http:', lines.url, lines.headers, lines.sign, lines.alive, lines.dead] : [probe]),
    lines.more,
  ];
  writeFileSync(file, text.join('\n'));
  const { problems } = await loadConfiguration(file, KINDS);
  return problems.map(
    ({ line, column, path, message }) => `${line}:${column} ${path.replace(/^venues\.gateway\./, '')}: ${message}`,
  );
}

const WRONG: Record<string, [Parameters<typeof problemsOf>[0], RegExp[]]> = {
  'neither alive nor dead': [{ alive: '', dead: '' }, [/alive is missing/, /dead is missing/]],
  'an unknown placeholder': [
    { url: LINES.url.replace('{timestamp}', '{time}') },
    [/^13:14 probe\.http\.url: url must not use \{time\}, which is no placeholder here: \{apiKey\}/],
  ],
  'a signature of a signature': [{ sign: '        sign: "{signature}"' }, [/^15:15 .*must not use \{signature\}/]],
  'nothing signed': [{ headers: '', sign: '' }, [/^13:14 .*must be sent with \{signature\} or \{jwt\} somewhere/]],
  'a signature of nothing': [{ sign: '' }, [/sign is missing/]],
  'plain http to another machine': [
    { url: '        url: http://gateway.internal/me' },
    [/^13:14 .*must be an https:\/\/ address; plain http is for this machine only/],
  ],
  'a placeholder in the host': [
    { url: '        url: https://{apiKey}.internal/me' },
    [/must not have placeholders in its host/],
  ],
  'no address': [{ url: '        url: gateway' }, [/must be an address such as/]],
  'a password in the address': [
    { url: '        url: https://a:b@gateway.internal/' },
    [/neither user nor password/, /here stands a password/],
  ],
  'dead as wide as alive': [
    { dead: '        dead: { status: 200 }' },
    [/^17:15 .*must not fit the answers that alive fits/],
  ],
  'dead wider than alive': [
    { alive: '        alive: { status: 200, text: ok }', dead: '        dead: { text: ok }' },
    [/must not fit the answers that alive fits/],
  ],
  'a matcher that matches everything': [
    { dead: '        dead: {}' },
    [/must name at least one of status, header/, /must not fit the answers that alive fits/],
  ],
  'a status that says nothing of keys': [
    { dead: '        dead: { status: 503 }' },
    [/must be a status from 200 to 299 or from 400 to 499/],
  ],
  'a status of limited rates': [{ dead: '        dead: { status: 429 }' }, [/418 and 429 say nothing/]],
  'equals and contains at once': [
    { dead: '        dead: { json: { path: error, equals: a, contains: b } }' },
    [/must have either equals or contains/],
  ],
  'a header of two lines': [{ headers: '        headers: { x: "a\\nb{signature}" }' }, [/must be one line of ASCII/]],
  'a body of a GET': [{ more: '        body: "{apiKey}"' }, [/may only be sent with method: POST/]],
  'a regular expression for key ids': [
    { keyId: '    keyId: { pattern: "^(a+)+$", description: letters }' },
    [/^10:23 keyId\.pattern: pattern must be literal text with parts such as \{hex:32\}/],
  ],
  'key ids that somebody may have by chance': [
    { keyId: '    keyId: { pattern: "{digit:4}", description: four digits }' },
    [/must leave room for an id that nobody has by chance/],
  ],
  'key ids that could be read in many ways': [
    { keyId: '    keyId: { pattern: "{word:1-64}{word:1-64}", description: words }' },
    [/must have at most one part of variable length/],
  ],
  'no host key': [
    { probe: '      ssh: { host: build.internal, user: deploy }' },
    [/^12:12 probe\.ssh\.hostKey: hostKey is missing/],
  ],
  'a host key that is none': [
    { probe: '      ssh: { host: build.internal, user: deploy, hostKey: SHA256:abc }' },
    [/must be a public host key, its type and its base64/],
  ],
  'an empty probe': [{ probe: '      {}' }, [/must have either http or ssh/]],
};

describe('a venue of one’s own', () => {
  it('that is described well has no problems', () => expect(problemsOf()).resolves.toEqual([]));

  it.each(Object.entries(WRONG))('is not taken with %s', async (_name, [changes, says]) => {
    const problems = await problemsOf(changes);
    for (const pattern of says) expect(problems.join('\n')).toMatch(new RegExp(pattern.source, 'm'));
    expect(problems).toHaveLength(says.length);
  });
});

describe('key ids', () => {
  it.each(['gw_{hex:32}', '{word:1-64}', 'a.b+{letter:40}', '{digit:12}-{lower:6}'])(
    'of %s: a stranger’s is one of them, and never the same twice',
    (pattern) => {
      const [one, other] = [strangersId(pattern), strangersId(pattern)];
      expect(keyIdMatcher(pattern).test(one)).toBe(true);
      expect(one).not.toBe(other);
    },
  );

  it('take literal text literally', () => {
    expect(keyIdMatcher('a.b+{digit:10}').test('a.b+0123456789')).toBe(true);
    expect(keyIdMatcher('a.b+{digit:10}').test('axbb0123456789')).toBe(false);
  });
});
