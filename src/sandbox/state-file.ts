import { randomUUID } from 'node:crypto';
import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { KeyturnError } from '../errors.ts';
import { HOUSES, OFFERS } from './offers.ts';
import { parsePublicKey } from './public-key.ts';
import type { RegisteredKey } from './registry.ts';

const FORMAT_VERSION = 1;

/** The keys in the file, none when there is no file. Throws `corrupt` for anything else than a state of ours. */
export function loadKeys(file: string): RegisteredKey[] {
  const text = readText(file);
  if (text === null) return [];
  try {
    return stateOf(JSON.parse(text)).map(keyOf);
  } catch {
    // Without the cause: a parser's message quotes the file, and who knows which file was named by mistake.
    throw new KeyturnError('corrupt', `${file} is not a state of the sandbox, and was left as it is`, {
      hint: 'move the file away to start with no keys, or name another one',
    });
  }
}

/** Replaces the file whole: readers, and whatever a crash leaves behind, see the old state or the new one. */
export function saveKeys(file: string, keys: RegisteredKey[]): void {
  const stored = keys.map((key) => ({ ...key, publicKey: key.publicKey.pem }));
  const aside = `${file}.${randomUUID()}.tmp`;
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(aside, `${JSON.stringify({ formatVersion: FORMAT_VERSION, keys: stored }, null, 1)}\n`, {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    });
    renameSync(aside, file);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}

/** Throws `denied` where keys cannot be saved later: before the first one is registered is the time to say so. */
export function assertKeeps(file: string): void {
  const folder = dirname(file);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new KeyturnError('denied', `the sandbox cannot keep its keys in ${file} (${code})`, {
      hint: 'name a file in a folder you may write to: --state FILE',
      cause: error,
    });
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new KeyturnError('denied', `cannot read the state file ${file}`, { cause: error });
  }
}

function stateOf(value: unknown): unknown[] {
  if (!isObject(value) || value.formatVersion !== FORMAT_VERSION || !Array.isArray(value.keys)) {
    throw new TypeError(`not a document of format version ${FORMAT_VERSION} with keys`);
  }
  return value.keys;
}

function keyOf(value: unknown): RegisteredKey {
  if (!isObject(value)) throw new TypeError('a key is not an object');
  const { apiKey, account, label, publicKey, createTime, on, ipAllowlist, passphrase = null } = value;
  // Files from before the sandbox played other exchanges name none.
  const house = HOUSES.find((each) => each === (value.house ?? 'binance'));
  if (house === undefined) throw new TypeError('a key belongs to no exchange');
  const { switches, kinds } = OFFERS[house];
  const written = [apiKey, account, label, publicKey].every((text) => typeof text === 'string');
  const known = isTexts(on) && on.every((field) => switches.some((each) => each.field === field));
  const isText = passphrase === null || typeof passphrase === 'string';
  const tied = ipAllowlist === null || isTexts(ipAllowlist);
  if (!written || !known || !isText || !tied || !Number.isSafeInteger(createTime)) {
    throw new TypeError('a key lacks a field, or has one of another type');
  }
  const stored = { house, apiKey, account, label, createTime, on, ipAllowlist, passphrase };
  return { ...(stored as Omit<RegisteredKey, 'publicKey'>), publicKey: parsePublicKey(String(publicKey), kinds) };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');
