import type { KeyId } from '../policy.ts';
import { entryOf, type FindingCode, type Severity } from './table.ts';

/** One thing somebody should know, and the safe next step. */
export interface Finding {
  /** Of the table, or of a store’s own. */
  code: string;
  severity: Severity;
  /** The key, store or venue it is about. */
  subject: string;
  message: string;
  /** What to do about it. */
  next: string;
  /** What `--fix` would do; null where that is for a person. */
  mend: Mend | null;
}

/** A step that is safe without asking anybody. */
export type Mend =
  | { kind: 'tidy' }
  | { kind: 'release-claim' }
  | { kind: 'finish'; action: Finishable; generation: number }
  | { kind: 'erase'; generation: number }
  | { kind: 'swap-ids'; generation: number; other: IdHolder };

export const FINISHABLE = ['generate', 'promote', 'destroy'] as const;
export type Finishable = (typeof FINISHABLE)[number];

/** Where a key id stands that was handed in for the wrong generation. */
export interface IdHolder {
  key: KeyId;
  generation: number;
  apiKey: string;
}

/** A finding of the table, with its severity and its remedy. */
export function found(
  code: FindingCode,
  subject: string,
  message: string,
  { mend = null, next }: { mend?: Mend | null; next?: string | undefined } = {},
): Finding {
  const { severity, todo, fix } = entryOf(code);
  // Where it cannot be mended after all, the entry’s remedy would send people in a circle.
  const remedy = fix !== null && mend === null ? 'look at it before anything else is done for this key' : todo;
  return { code, severity, subject, message, next: next ?? remedy.replaceAll('KEY', subject), mend };
}

const WEIGHT: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

/** Worst first; otherwise as they were found. */
export const bySeverity = (a: Finding, b: Finding): number => WEIGHT[a.severity] - WEIGHT[b.severity];
