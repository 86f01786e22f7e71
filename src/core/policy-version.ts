import { createHash } from 'node:crypto';
import type { Key } from './policy.ts';

/** Sixteen hex digits that change when anything about the key in its policy does; not when it moves to another line or file. */
export function policyVersion({ source: _where, ...key }: Key): string {
  return createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 16);
}
