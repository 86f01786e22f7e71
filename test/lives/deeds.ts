import * as fc from 'fast-check';
import type { Key } from '../../src/core/policy.ts';
import { DAY, HOUR } from '../build.ts';
import { MOODS, type Mood } from './moody-venue.ts';
import { SLIPS, type Slip } from './person.ts';

/** What may happen next in the lives of keys. Plain data, so that a failing life prints and shrinks well. */
export type Deed =
  | { do: 'good-day' }
  | { do: 'pass'; writes?: number | undefined }
  | { do: 'passes-at-once'; workers: number }
  | { do: 'look' | 'act-on-old-look' }
  | { do: 'register'; key: 0 | 1; slip?: Slip | undefined }
  | {
      do:
        | 'bring-in'
        | 'turn-over'
        | 'mend'
        | 'delete'
        | 'delete-current'
        | 'disable'
        | 'rotate'
        | 'leak-current'
        | 'leak-next';
      key: 0 | 1;
    }
  | { do: 'mood'; mood: Mood }
  | { do: 'deny'; key: 0 | 1; generation: 'current' | 'previous' }
  | { do: 'wait'; seconds: number }
  | { do: 'skew'; seconds: number }
  | { do: 'edit-policy'; key: 0 | 1; edit: keyof typeof EDITS };

export const EDITS = {
  'other-purpose': (key) => ({
    permissions: key.permissions.includes('spot-trade') ? ['read', 'futures-trade'] : ['read', 'spot-trade'],
  }),
  'no-overlap': (key) => ({ schedule: { ...key.schedule, overlap: 0 } }),
  'long-overlap': (key) => ({ schedule: { ...key.schedule, overlap: 2 * DAY } }),
  rarer: () => ({ rotateEvery: 90 * DAY }),
  oftener: () => ({ rotateEvery: 30 * DAY }),
  'office-hours': (key) => ({
    schedule: {
      ...key.schedule,
      windows: [{ days: ['mon', 'tue', 'wed', 'thu'], from: '09:00', to: '16:00', timeZone: 'Europe/London' }],
    },
  }),
  'june-freeze': (key) => ({
    schedule: { ...key.schedule, freezes: [{ from: '2026-06-10', to: '2026-07-20', reason: 'move' }] },
  }),
} as const satisfies Record<string, (key: Key) => Partial<Key>>;

const aKeyNumber = fc.constantFrom(0 as const, 1 as const);
const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });

export const aDeed: fc.Arbitrary<Deed> = fc.oneof(
  often(14, fc.constant({ do: 'good-day' as const })),
  often(4, fc.constant({ do: 'pass' as const })),
  often(3, fc.record({ do: fc.constant('pass' as const), writes: fc.integer({ min: 1, max: 6 }) })),
  often(2, fc.record({ do: fc.constant('passes-at-once' as const), workers: fc.integer({ min: 2, max: 3 }) })),
  often(2, fc.record({ do: fc.constantFrom('look' as const, 'act-on-old-look' as const) })),
  often(5, fc.record({ do: fc.constant('register' as const), key: aKeyNumber })),
  often(3, fc.record({ do: fc.constant('register' as const), key: aKeyNumber, slip: fc.constantFrom(...SLIPS) })),
  often(8, fc.record({ do: fc.constantFrom('bring-in' as const, 'turn-over' as const), key: aKeyNumber })),
  often(3, fc.record({ do: fc.constant('delete-current' as const), key: aKeyNumber })),
  often(4, fc.record({ do: fc.constantFrom('mend' as const, 'delete' as const, 'rotate' as const), key: aKeyNumber })),
  often(
    2,
    fc.record({
      do: fc.constantFrom('disable' as const, 'leak-current' as const, 'leak-next' as const),
      key: aKeyNumber,
    }),
  ),
  often(2, fc.record({ do: fc.constant('mood' as const), mood: fc.constantFrom('well' as const, ...MOODS) })),
  often(
    4,
    fc.record({
      do: fc.constant('deny' as const),
      key: aKeyNumber,
      generation: fc.constantFrom('current' as const, 'previous' as const, 'previous' as const),
    }),
  ),
  often(
    6,
    fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.oneof(
        fc.constantFrom(11 * 60, 20 * 60, 3 * HOUR, 25 * HOUR, 25 * DAY, 40 * DAY, -HOUR, -2 * DAY),
        fc.integer({ min: 1, max: 30 * DAY }),
      ),
    }),
  ),
  often(1, fc.record({ do: fc.constant('skew' as const), seconds: fc.constantFrom(0, 30, -30, 120, -HOUR, 3 * DAY) })),
  often(
    2,
    fc.record({
      do: fc.constant('edit-policy' as const),
      key: aKeyNumber,
      edit: fc.constantFrom(...(Object.keys(EDITS) as (keyof typeof EDITS)[])),
    }),
  ),
);
