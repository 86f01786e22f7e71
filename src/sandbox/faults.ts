import { KeyturnError } from '../errors.ts';
import { FAULT_KINDS, type FaultKind, isFaultKind, type Proceed } from './fault-kinds.ts';
import type { House } from './house.ts';
import type { Answer, Call } from './http.ts';
import type { Registry } from './registry.ts';

/** Something that is to go wrong on purpose, and for which calls. */
export interface FaultDraft {
  kind: FaultKind;
  /** Which of the exchange's paths: one, or all that begin alike, as `/sapi/*`. Default `*`: all. */
  path?: string;
  /** Which key, by id or label, deleted ones too; null: whatever key, or none. */
  key?: string | null;
  /** For how many matching calls; null: until it is switched off. */
  times?: number | null;
  /** What the kind counts in seconds; null: its default. */
  seconds?: number | null;
}

export interface Fault extends Required<FaultDraft> {
  /** Counted from 1, to switch it off by. */
  id: number;
  seconds: number;
  /** Calls that it met. */
  met: number;
}

/** The faults in force. They live in memory: a restarted sandbox behaves well. */
export interface Faults {
  /** Throws `invalid`. Several at once come one around the other, the latest outermost. */
  switchOn(draft: FaultDraft): Fault;
  /** Throws `not-found`. */
  switchOff(id: number): void;
  switchAllOff(): void;
  list(): Fault[];
  /** Answers a call as the faults that match it would have it. */
  answer(call: Call, house: House): Answer;
}

const MAX_SECONDS = 7 * 86_400;
const HEAD_OF_PATH = /^(\*|\/(api|sapi|fapi|v5)\/[\w/.-]*\*?)$/;

export function openFaults(registry: Registry): Faults {
  let faults: Fault[] = [];
  let last = 0;

  function isMet(fault: Fault, { path }: Call, apiKey: string): boolean {
    const label = (registry.find(apiKey) ?? registry.deleted(apiKey)?.key)?.label;
    const isPath = fault.path.endsWith('*') ? path.startsWith(fault.path.slice(0, -1)) : path === fault.path;
    return isPath && (fault.key === null || fault.key === apiKey || fault.key === label);
  }

  return {
    switchOn(draft) {
      const fault = checked(draft, last + 1);
      last = fault.id;
      faults = [...faults, fault];
      return fault;
    },
    switchOff(id) {
      if (!faults.some((fault) => fault.id === id)) throw new KeyturnError('not-found', 'there is no such fault');
      faults = faults.filter((fault) => fault.id !== id);
    },
    switchAllOff() {
      faults = [];
    },
    list: () => [...faults],
    answer(call, house) {
      const apiKey = house.keyIdOf(call) ?? '';
      const met = faults.filter((fault) => isMet(fault, call, apiKey));
      for (const fault of met) fault.met += 1;
      faults = faults.filter(({ times, met: count }) => times === null || count < times);
      return met.reduce<Proceed>(
        (inner, fault) => (unusual) => {
          const { disturb } = FAULT_KINDS[fault.kind];
          const within: Proceed = (more) => inner({ ...unusual, ...more });
          return { ...disturb({ call, house, fault, registry, proceed: within }), fault: fault.kind };
        },
        (unusual) => house.answer(call, unusual),
      )({});
    },
  };
}

function checked({ kind, path = '*', key = null, times = null, seconds = null }: FaultDraft, id: number): Fault {
  if (!isFaultKind(kind)) {
    throw new KeyturnError('invalid', 'there is no such kind of fault', {
      hint: `known: ${Object.keys(FAULT_KINDS).join(', ')}`,
    });
  }
  if (!HEAD_OF_PATH.test(path)) {
    throw new KeyturnError('invalid', 'the path is none of the exchange’s', {
      hint: 'write one such as /api/v3/time, a beginning such as /sapi/*, or * for all',
    });
  }
  if (times !== null && !(Number.isSafeInteger(times) && times > 0)) {
    throw new KeyturnError('invalid', 'the number of requests is not a whole number above 0');
  }
  if (seconds !== null && !(Number.isSafeInteger(seconds) && Math.abs(seconds) <= MAX_SECONDS)) {
    throw new KeyturnError('invalid', `the seconds are not a whole number of up to ${MAX_SECONDS}`);
  }
  return { id, kind, path, key, times, seconds: seconds ?? FAULT_KINDS[kind].seconds ?? 0, met: 0 };
}
