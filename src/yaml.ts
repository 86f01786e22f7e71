import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import type { Path } from './core/rules.ts';

/** What a YAML text says, and what is wrong with it as YAML. */
export interface Understood {
  /** Null where the text is beyond understanding. */
  document: Document.Parsed | null;
  /** Plain data; undefined where mistakes leave open what is meant. */
  value: unknown;
  faults: Fault[];
}

export interface Fault {
  /** In UTF-16 units, as strings count. */
  offset: number;
  message: string;
  help: string;
}

/** How often one anchor may be used, times what it expands to. */
const MAX_ALIASES = 1000;

/** YAML 1.2, one document, merge keys understood, field names are texts. Never throws, and never repeats the text. */
export function understand(text: string): Understood {
  try {
    const document = parseDocument(text, {
      version: '1.2',
      merge: true,
      stringKeys: true,
      prettyErrors: false,
      logLevel: 'error',
    });
    const errors = [...document.errors, ...document.warnings];
    const faults = [...otherVersion(document), ...errors.map(faultOf)];
    const isClear = document.errors.every(({ code }) => HARMLESS.has(code)) && otherVersion(document).length === 0;
    return isClear ? expanded(document, faults) : { document, value: undefined, faults };
  } catch {
    return {
      document: null,
      value: undefined,
      faults: [{ offset: 0, message: 'this is nested too deeply to be understood', help: 'write it flatter' }],
    };
  }
}

function expanded(document: Document.Parsed, faults: Fault[]): Understood {
  try {
    return { document, value: document.toJS({ maxAliasCount: MAX_ALIASES }), faults };
  } catch {
    return { document, value: undefined, faults: [...faults, aliasFault(document)] };
  }
}

function aliasFault(document: Document.Parsed): Fault {
  let dangling: Node | null = null;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      dangling = alias;
      return visit.BREAK;
    },
  });
  return dangling === null
    ? {
        offset: 0,
        message: 'aliases expand to more than can be meant',
        help: `use each anchor at most ${MAX_ALIASES} times, and no anchors inside anchors`,
      }
    : {
        offset: startOf(dangling),
        message: 'this alias stands for nothing',
        help: 'define the anchor (&name) before the alias (*name), or write the value out',
      };
}

function otherVersion({ directives }: Document.Parsed): Fault[] {
  const { explicit, version } = directives.yaml;
  if (!explicit || version === '1.2') return [];
  return [
    {
      offset: 0,
      message: `this asks to be read as YAML ${version}`,
      help: 'remove the line that begins with %YAML: 1.2 is what is read here',
    },
  ];
}

/** Mistakes beside which it is still plain what the rest says. */
const HARMLESS = new Set<YAMLError['code']>(['DUPLICATE_KEY', 'MULTIPLE_DOCS', 'BAD_DQ_ESCAPE', 'BAD_SCALAR_START']);

const SAID: Partial<Record<YAMLError['code'], Omit<Fault, 'offset'>>> = {
  BAD_ALIAS: { message: 'this alias has no proper name', help: 'quote a text that begins with *' },
  BAD_DIRECTIVE: { message: 'directives mean nothing here', help: 'remove the line that begins with %' },
  BAD_DQ_ESCAPE: {
    message: 'there is no such escape in a text in double quotes',
    help: 'write \\\\ for a backslash, or use single quotes',
  },
  BAD_INDENT: {
    message: 'this is not indented like what it belongs to, or a bracket before it is not closed',
    help: 'let entries of one list or block begin in the same column',
  },
  BAD_SCALAR_START: { message: 'a text cannot begin with this character', help: 'put it in quotes' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a second field begins on the same line',
    help: 'write it on a line of its own, or put a text with a colon in quotes',
  },
  DUPLICATE_KEY: { message: 'this field is written twice', help: 'keep one of the two' },
  MISSING_CHAR: {
    message: 'a quote, bracket, comma or colon is missing',
    help: 'close what was opened, and put a colon and a space after each field name',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a field name goes over several lines',
    help: 'put a colon and a space after each field name',
  },
  MULTIPLE_DOCS: { message: 'a second document begins here', help: 'put each document into a file of its own' },
  NON_STRING_KEY: { message: 'a field name must be a text', help: 'write a plain name before the colon' },
  TAB_AS_INDENT: { message: 'a tab stands where only spaces may', help: 'indent with spaces' },
  TAG_RESOLVE_FAILED: {
    message: 'tags (words that begin with !) mean nothing here',
    help: 'remove it, or quote a text that begins with !',
  },
};

const OTHERWISE = {
  message: 'this is not valid YAML',
  help: 'look for a quote, bracket, colon or space that is missing or too much',
};

const faultOf = ({ code, pos: [offset] }: YAMLError): Fault => ({ offset, ...(SAID[code] ?? OTHERWISE) });

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

const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);

/** False for the empty value of a field without one. */
const isWritten = (node: unknown): boolean =>
  isCollection(node) || isAlias(node) || (isScalar(node) && node.source !== '');
