import { generateKeyPairSync } from 'node:crypto';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { KeyturnError } from '../src/errors.ts';
import { createLogger, type Logger } from '../src/log.ts';
import type { LogLevel } from '../src/log-levels.ts';
import { Secret } from '../src/secret.ts';
import type { Paint } from '../src/terminal.ts';

/** What arrives at standard error. */
function logged(write: (log: Logger) => void, { level = 'trace', paint = null }: Options = {}): string {
  let text = '';
  write(
    createLogger({
      level,
      paint,
      stream: {
        write(line: string) {
          text += line;
          return true;
        },
      },
    }),
  );
  return text;
}

interface Options {
  level?: LogLevel;
  paint?: Paint | null;
}

const Line = z.looseObject({ level: z.string(), time: z.iso.datetime({ precision: 3 }), msg: z.string() });
const parse = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => Line.parse(JSON.parse(line)));
const plain = pc.createColors(false);

describe('in a pipe', () => {
  it('a line is one JSON object with level, time in UTC, fields and message', () => {
    const [first, second] = parse(
      logged((log) => {
        log.info({ key: 'binance-main/spot', generation: 8 }, 'stored');
        log.warn('two\nlines');
      }),
    );
    expect(first).toMatchObject({ level: 'info', key: 'binance-main/spot', generation: 8, msg: 'stored' });
    expect(second).toMatchObject({ level: 'warn', msg: 'two\nlines' });
    expect(Object.keys(first ?? {}).sort()).toEqual(['generation', 'key', 'level', 'msg', 'time']);
  });

  it('lines below the level are left out', () => {
    const write = (log: Logger) => {
      log.info('a');
      log.warn('b');
      log.fatal('c');
    };
    expect(parse(logged(write, { level: 'warn' })).map(({ msg }) => msg)).toEqual(['b', 'c']);
    expect(logged(write, { level: 'silent' })).toBe('');
  });
});

describe('on a terminal', () => {
  const readable = (write: (log: Logger) => void, paint: Paint = plain) =>
    logged(write, { paint }).replace(/\d\d:\d\d:\d\d/, 'HH:MM:SS');

  it('a line is made for reading', () =>
    expect(readable((log) => log.info({ key: 'a/b', generation: 8, left: { tasks: 2 } }, 'stored'))).toBe(
      'HH:MM:SS info  a/b stored generation=8 left={"tasks":2}\n',
    ));

  it('its level is coloured', () =>
    expect(readable((log) => log.error('failed'), pc.createColors(true))).toContain('\u001b[31merror\u001b[39m'));

  it('a message cannot steer the terminal or pretend to be another line', () =>
    expect(readable((log) => log.warn({ key: 'a/b\u009b2J' }, 'x\u001b[2J\r\n00:00:00 info y'))).toBe(
      'HH:MM:SS warn  a/b 2J x [2J 00:00:00 info y\n',
    ));
});

describe('an error', () => {
  const vendor = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:8200'), {
    code: 'ECONNREFUSED',
    config: { headers: { 'X-Vault-Token': 'canary' }, data: 'canary' },
  });

  it('is its name, code, message, hint and causes, and nothing a library hung on it', () => {
    const error = new KeyturnError('unavailable', 'the store did not answer', { hint: 'try later', cause: vendor });
    expect(parse(logged((log) => log.error({ err: error }, 'failed')))[0]?.err).toEqual({
      type: 'KeyturnError',
      code: 'unavailable',
      message: 'the store did not answer',
      hint: 'try later',
      cause: { type: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:8200' },
    });
  });

  const ways: Record<string, (log: Logger) => void> = {
    'in its own field': (log) => log.error({ err: vendor }, 'failed'),
    'in any other field': (log) => log.error({ reason: vendor }, 'failed'),
    alone: (log) => log.error(vendor),
    'that was thrown and is none': (log) => log.error({ err: { config: 'canary' } }, 'failed'),
    'that is a text': (log) => log.error({ err: 'canary' }, 'failed'),
  };
  for (const [title, way] of Object.entries(ways)) {
    it(`${title} shows no more`, () => {
      const text = logged(way);
      expect(parse(text)).toHaveLength(1);
      expect(text).not.toContain('canary');
    });
  }

  it('that is its own cause comes to an end', () => {
    const error = new Error('again');
    error.cause = error;
    expect(parse(logged((log) => log.error(error)))).toHaveLength(1);
  });
});

describe('the last line of defence', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const encrypted = privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'pass' })
    .toString();
  // Put together here, so that no scanner of repositories takes them for real ones.
  const age = ['AGE', 'SECRET', 'KEY', `1${'Q'.repeat(58)}`].join('-');
  const vault = ['hvs', 'C'.repeat(95)].join('.');
  const bao = ['s', 'F'.repeat(24)].join('.');

  const middle = (text: string) => text.split('\n')[1] ?? '';
  /** What is logged, and a part of it that must not be seen. */
  const rows: Record<string, [logged: unknown, hidden: string]> = {
    'a private key': [pem, middle(pem)],
    'an encrypted one': [encrypted, middle(encrypted)],
    'one that was cut off': [pem.slice(0, 60), pem.slice(30, 60)],
    'one inside JSON inside a field': [{ body: JSON.stringify({ pem, more: [pem] }) }, middle(pem)],
    'one that was cut off, inside JSON': [{ body: JSON.stringify({ pem: pem.slice(0, 60) }) }, pem.slice(30, 60)],
    'one in the message of an error': [new Error(`cannot read ${pem}`), middle(pem)],
    'an age identity': [{ identity: age }, age.slice(20, 40)],
    'the same in small letters': [age.toLowerCase(), age.toLowerCase().slice(20, 40)],
    'a token of Vault': [`denied for ${vault}`, vault.slice(10, 30)],
    'a token of OpenBao': [{ token: bao }, bao.slice(5, 20)],
  };
  for (const [title, [what, hidden]] of Object.entries(rows)) {
    for (const [where, paint] of Object.entries({ 'in a pipe': null, 'on a terminal': plain })) {
      it(`${title} is blotted out ${where}, and the rest stays`, () => {
        const fields = typeof what === 'object' && !(what instanceof Error) ? what : { what };
        const text = logged((log) => log.info({ before: 1, ...fields, after: 2 }, 'message'), { paint });
        expect(hidden.length).toBeGreaterThan(10);
        expect(text).not.toContain(hidden);
        expect(text).toContain('[redacted]');
        if (paint) expect(text).toMatch(/ message before=1 .* after=2\n$/);
        else expect(parse(text)).toMatchObject([{ before: 1, after: 2, msg: 'message' }]);
      });
    }
  }

  it('a secret in its wrapper prints itself as such', () =>
    expect(parse(logged((log) => log.info({ passphrase: new Secret('canary') }, 'x')))).toMatchObject([
      { passphrase: '[redacted]' },
    ]));

  it('public keys, fingerprints and key names are no secrets', () => {
    const publicKey = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n';
    const fields = { publicKey, fingerprint: 'ab'.repeat(32), key: `desks.${'a'.repeat(30)}/spot` };
    expect(parse(logged((log) => log.info(fields, 'x')))).toMatchObject([fields]);
  });
});
