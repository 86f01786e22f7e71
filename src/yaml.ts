import { type Document, isAlias, isCollection, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Path } from './core/rules.ts';
import { andMore, type Fault, faultsOf, MAX_ALIASES, startOf, TOO_DEEP, tooManyAliases } from './yaml-faults.ts';

/** What a YAML text says, and what is wrong with it as YAML. */
export interface Understood {
  /** Null where the text is beyond understanding. */
  document: Document.Parsed | null;
  /** Plain data; undefined where mistakes leave open what is meant. */
  value: unknown;
  faults: Fault[];
}

/** Whoever made more mistakes mends these first. */
const MAX_FAULTS = 200;

const OPTIONS = {
  version: '1.2',
  merge: true,
  stringKeys: true,
  // Would compare each field name with all before it: seconds for some ten thousand.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'error',
} as const;

/** YAML 1.2, one document, merge keys understood, field names are texts. Never throws, and never repeats the text. */
export function understand(text: string): Understood {
  try {
    const document = withoutTraces(() => parseDocument(text, OPTIONS));
    const faults = faultsOf(document);
    const isClear = faults.every(({ isHarmless }) => isHarmless);
    const { value, more = [] } = isClear ? expanded(document) : { value: undefined };
    return { document, value, faults: [...firstOf(faults), ...more] };
  } catch {
    return { document: null, value: undefined, faults: [TOO_DEEP] };
  }
}

function firstOf(faults: readonly Fault[]): readonly Fault[] {
  const next = faults[MAX_FAULTS];
  return next === undefined ? faults : [...faults.slice(0, MAX_FAULTS), andMore(next, faults.length - MAX_FAULTS)];
}

/** Of some texts every character is a mistake, and the library makes an Error of each: half a second, or three with stack traces. */
function withoutTraces<T>(parse: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return parse();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function expanded(document: Document.Parsed): { value: unknown; more?: Fault[] } {
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) };
  } catch {
    return { value: undefined, more: [tooManyAliases()] };
  }
}

/** Where the value at this path begins, or the name of its field, or as much of the path as is written. */
export function offsetOf(document: Document.Parsed, path: Path, part: 'value' | 'field'): number {
  let here: unknown = document.contents;
  let offset = startOf(here);
  for (const [depth, step] of path.entries()) {
    const node = isAlias(here) ? here.resolve(document) : here;
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === step) : undefined;
    here = pair ? pair.value : isSeq(node) && typeof step === 'number' ? node.items[step] : undefined;
    if (here === undefined) return offset;
    const wantsField = part === 'field' && depth === path.length - 1;
    offset = startOf(pair && (wantsField || !isWritten(here)) ? pair.key : here);
  }
  return offset;
}

/**
 * Where a character of a text stands that is written from `start` on: its letters are met one after the other, whatever quotes,
 * indentation and line breaks stand between them.
 */
export function offsetInText(written: string, start: number, value: unknown, place: number): number {
  if (typeof value !== 'string') return start;
  let offset = /^[|>]/.test(written.slice(start)) ? written.indexOf('\n', start) + 1 : start;
  let last = start;
  for (const letter of value.slice(0, place + 1).split('')) {
    if (/\s/.test(letter)) continue;
    const found = written.indexOf(letter, offset);
    if (found < 0) break;
    last = found;
    offset = found + 1;
  }
  return place < value.trimEnd().length ? last : offset;
}

/** Where the entries of a top-level list begin. */
export function offsetsIn(document: Document.Parsed, list: string): number[] {
  const node = isMap(document.contents) ? document.get(list) : undefined;
  const entries = isAlias(node) ? node.resolve(document) : node;
  return isSeq(entries) ? entries.items.map(startOf) : [];
}

/** False for the empty value of a field without one. */
const isWritten = (node: unknown): boolean =>
  isCollection(node) || isAlias(node) || (isScalar(node) && node.source !== '');
