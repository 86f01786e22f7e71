import type { Environment } from '@marcbachmann/cel-js';
import type { Freeze, Key, Window } from '../core/policy.ts';

/**
 * What expressions see: `key`, `account` and `now`, in a shape that later versions may add to and never change. Whole numbers
 * are those of CEL (64 bits); durations are in seconds; texts and lists are never null.
 */

/** Instances, since a list of plain objects loses its type where CEL takes one out of it. */
class CelWindow {
  constructor(window: Window) {
    Object.assign(this, window);
  }
}
class CelFreeze {
  constructor(freeze: Freeze) {
    Object.assign(this, freeze);
  }
}

const TEXTS = 'list<string>';

export function declareSubject(environment: Environment): Environment {
  return environment
    .registerType('Window', {
      ctor: CelWindow,
      fields: { days: TEXTS, from: 'string', to: 'string', timeZone: 'string' },
    })
    .registerType('Freeze', { ctor: CelFreeze, fields: { from: 'string', to: 'string', reason: 'string' } })
    .registerType('Schedule', {
      schema: {
        lead: 'int',
        registerWithin: 'int',
        overlap: 'int',
        revokeWithin: 'int',
        windows: 'list<Window>',
        freezes: 'list<Freeze>',
        onMissedWindow: 'string',
      },
    })
    .registerType('Place', { schema: { file: 'string', line: 'int' } })
    .registerVariable('key', {
      schema: {
        id: 'string',
        account: 'string',
        name: 'string',
        storedAs: 'string',
        application: 'string',
        purpose: 'string',
        permissions: TEXTS,
        owner: 'string',
        venue: 'string',
        store: 'string',
        algorithm: 'string',
        ipAllowlist: TEXTS,
        passphrase: 'string',
        passphraseStore: 'string',
        rotateEvery: 'int',
        schedule: 'Schedule',
        source: 'Place',
      },
    })
    .registerVariable('account', { schema: { name: 'string', venue: 'string', store: 'string' } })
    .registerVariable('now', 'google.protobuf.Timestamp');
}

/** Longer texts (only what is no address can be) are cut: expressions that look through them stay quick. */
const MOST_LETTERS = 1_000;
const text = (value: string): string => value.slice(0, MOST_LETTERS);

/** Whether there is one, and the store it lies in where that is another than the key's. */
const passphraseOf = ({ passphrase }: Key) =>
  typeof passphrase === 'object'
    ? { passphrase: 'required', passphraseStore: passphrase.store }
    : { passphrase, passphraseStore: '' };

/** The values for one key, and how many elements all of its lists have together. */
export function subjectOf(key: Key, now: Date) {
  const { schedule, source } = key;
  const { windows, freezes, lead, registerWithin, overlap, revokeWithin, onMissedWindow } = schedule;
  const elements =
    key.permissions.length +
    key.ipAllowlist.length +
    freezes.length +
    windows.reduce((sum, { days }) => sum + 1 + days.length, 0);
  const values = {
    key: {
      id: key.id,
      account: key.account,
      name: key.name,
      storedAs: key.storedAs,
      application: key.application,
      purpose: key.purpose,
      permissions: key.permissions,
      owner: key.owner ?? '',
      venue: key.venue,
      store: key.store,
      algorithm: key.algorithm,
      ipAllowlist: key.ipAllowlist.map(text),
      ...passphraseOf(key),
      rotateEvery: BigInt(key.rotateEvery),
      schedule: {
        lead: BigInt(lead),
        registerWithin: BigInt(registerWithin),
        overlap: BigInt(overlap),
        revokeWithin: BigInt(revokeWithin),
        windows: windows.map((window) => new CelWindow(window)),
        freezes: freezes.map((freeze) => new CelFreeze(freeze)),
        onMissedWindow,
      },
      source: { file: source.file, line: BigInt(source.line) },
    },
    account: { name: key.account, venue: key.venue, store: key.store },
    now,
  };
  return { values, elements };
}
export type Subject = ReturnType<typeof subjectOf>;
