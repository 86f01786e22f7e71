import type { Unusual } from './authenticate.ts';
import type { Answer, Call } from './http.ts';
import type { HouseName } from './offers.ts';

/** One exchange as the sandbox plays it. */
export interface House {
  name: HouseName;
  has(path: string): boolean;
  /** The id of the key that asks; null where the call names none. */
  keyIdOf(call: Call): string | null;
  answer(call: Call, unusual: Unusual): Answer;
  words: Words;
}

/** How it turns callers away, whatever they ask. */
export interface Words {
  unknownKey(call: Call): Answer;
  /** Without saying whether it is the key, its address or its permissions, where the exchange can be so vague. */
  refused(call: Call): Answer;
  badSignature(call: Call): Answer;
  overloaded(): Answer;
  rateLimited(): Answer;
  banned(call: Call): Answer;
  /** What the call that tells of maintenance then answers; null for all other calls. */
  maintenance(call: Call): Answer | null;
  /** The answer of the call by which a key tells its permissions, with one nobody heard of; null for all other calls. */
  surprising(call: Call, fields: Record<string, unknown>): object | null;
}
