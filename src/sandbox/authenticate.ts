import { admits } from './allowlist.ts';
import type { Answer, Call } from './http.ts';
import type { HouseName } from './offers.ts';
import {
  badSignature,
  type Family,
  illegalCharacters,
  malformedKey,
  missing,
  rejected,
  repeatedParameter,
  tooEarly,
  tooGreat,
  tooOld,
  unknownKey,
} from './refusals.ts';
import type { RegisteredKey, Registry } from './registry.ts';
import { fits, readSigned } from './signature.ts';
import type { SwitchField } from './switches.ts';

/** A call whose signature, time, address and permission were all found good. */
export interface SignedCall {
  key: RegisteredKey;
  values: ReadonlyMap<string, string>;
  /** Names of those parameters that came in the query. */
  inQuery: ReadonlySet<string>;
  now: Date;
}

/** What is not as usual while a call is answered, because somebody switched it on. */
export interface Unusual {
  /** How far the exchange's clock is ahead. */
  aheadMs?: number;
  /** A key that was deleted no longer ago than this still counts. */
  deletedWithinMs?: number;
  /** The key whose answer everybody gets, whoever asks. */
  impostor?: RegisteredKey | undefined;
  /** A private method wants a second factor, where the exchange has that. */
  secondFactor?: boolean;
}

const DEFAULT_WINDOW_MS = 5_000;
const MAX_WINDOW_MS = 60_000;
const MAX_AHEAD_MS = 1_000;
/** Greater timestamps are in microseconds; in milliseconds they would be in the year 5138. */
const LAST_MILLISECOND = 99_999_999_999_999;

/**
 * The checks in the order that reveals least: form and time before the key is looked up, its address before its
 * signature, its permissions last. (The exchange documents no order.)
 */
export function authenticate(
  call: Call,
  {
    family,
    needs,
    registry,
    now,
    unusual,
  }: { family: Family; needs: readonly SwitchField[]; registry: Registry; now: Date; unusual: Unusual },
): SignedCall | { refusal: Answer } {
  const apiKey = call.headers['x-mbx-apikey'];
  if (typeof apiKey !== 'string' || !/^[A-Za-z0-9]{64}$/.test(apiKey)) return { refusal: malformedKey() };

  const signed = readSigned(call.query, call.body);
  if (signed === 'illegal') return { refusal: illegalCharacters() };
  if (signed === 'repeated') return { refusal: repeatedParameter() };
  const { payload, values, inQuery } = signed;
  if (unusual.impostor !== undefined) return { key: unusual.impostor, values, inQuery, now };
  const untimely = untimeliness(values, now);
  if (untimely !== null) return { refusal: untimely };
  const signature = values.get('signature');
  if (!signature) return { refusal: missing('signature') };

  const key = knownKey(registry, 'binance', { apiKey, now, unusual });
  if (key === undefined) return { refusal: unknownKey(family, call.address) };
  if (!admits(key.ipAllowlist, call.address)) return { refusal: rejected(family, call.address) };
  if (!fits(signature, payload, key.publicKey)) return { refusal: badSignature() };
  if (!needs.every((field) => key.on.includes(field))) return { refusal: rejected(family, call.address) };
  return { key, values, inQuery, now };
}

/** The key of that id, or what is left of it where deleting is slow. */
export function knownKey(
  registry: Registry,
  house: HouseName,
  { apiKey, now, unusual: { deletedWithinMs } }: { apiKey: string; now: Date; unusual: Unusual },
): RegisteredKey | undefined {
  const deleted = registry.deleted(apiKey);
  const isLingering =
    deletedWithinMs !== undefined && deleted && now.getTime() - deleted.at.getTime() < deletedWithinMs;
  const key = registry.find(apiKey) ?? (isLingering ? deleted.key : undefined);
  return key?.house === house ? key : undefined;
}

function untimeliness(values: ReadonlyMap<string, string>, now: Date): Answer | null {
  const timestamp = values.get('timestamp') ?? '';
  const recvWindow = values.get('recvWindow') ?? String(DEFAULT_WINDOW_MS);
  if (!/^\d{1,20}$/.test(timestamp)) return missing('timestamp');
  if (!/^\d{1,20}(\.\d{1,3})?$/.test(recvWindow)) return missing('recvWindow');
  if (Number(recvWindow) > MAX_WINDOW_MS) return tooGreat('recvWindow', MAX_WINDOW_MS);

  const stamp = Number(timestamp);
  const age = now.getTime() - (stamp > LAST_MILLISECOND ? stamp / 1000 : stamp);
  if (age <= -MAX_AHEAD_MS) return tooEarly();
  return age > Number(recvWindow) ? tooOld() : null;
}
