import { type Document, isAlias, isCollection, isMap, isNode, isPair, isScalar, type Node, type YAMLError } from 'yaml';

/** What can be wrong with a text as YAML, in words for whoever wrote it. */

export interface Fault {
  /** In UTF-16 units, as strings count. */
  offset: number;
  message: string;
  help: string;
  /** Whether it is plain beside it what the rest says. */
  isHarmless: boolean;
}

type Words = Pick<Fault, 'message' | 'help'>;

/** Many times what the largest account takes, in names, values, lists and sets of fields. Checking a value takes longer than reading it. */
const MAX_NODES = 30_000;

/** How many aliases there may be, and what those of one anchor may expand to. Looking one up takes as long as there are many. */
export const MAX_ALIASES = 1000;

/** In the order of the text. */
export function faultsOf(document: Document.Parsed): Fault[] {
  const nodes = nodesOf(document);
  return [
    ...otherVersion(document),
    ...document.errors.map((error) => saidOf(error, HARMLESS.has(error.code))),
    ...document.warnings.map((warning) => saidOf(warning, true)),
    ...faultsOfNames(nodes),
    ...faultsOfAliases(nodes),
    ...nodes.slice(MAX_NODES, MAX_NODES + 1).map(tooMuch),
  ].sort((a, b) => a.offset - b.offset);
}

/** Aliases that multiply each other: no place in the text is the one to blame. */
export const tooManyAliases = (offset = 0): Fault => ({
  offset,
  message: 'aliases expand to more than can be meant',
  help: `use at most ${MAX_ALIASES} aliases, and no anchors inside anchors`,
  isHarmless: false,
});

export const TOO_DEEP: Fault = {
  offset: 0,
  message: 'this is nested too deeply to be understood',
  help: 'write it flatter',
  isHarmless: false,
};

const tooMuch = (node: Node): Fault => ({
  offset: startOf(node),
  message: `above here stand ${MAX_NODES} names and values, which is as many as one file may have`,
  help: 'divide it into several files',
  isHarmless: false,
});

/** Stands where the first of those begins that are not listed. */
export const andMore = ({ offset }: Fault, count: number): Fault => ({
  offset,
  message: `there are ${count} more mistakes`,
  help: 'mend the others first',
  isHarmless: false,
});

function otherVersion({ directives }: Document.Parsed): Fault[] {
  const { explicit, version } = directives.yaml;
  if (!explicit || version === '1.2') return [];
  return [
    {
      offset: 0,
      message: `this asks to be read as YAML ${version}`,
      help: 'remove the line that begins with %YAML: 1.2 is what is read here',
      isHarmless: false,
    },
  ];
}

function faultsOfNames(nodes: readonly Node[]): Fault[] {
  const faults: Fault[] = [];
  for (const node of nodes) {
    if (!isMap(node)) continue;
    const names = new Set<unknown>();
    for (const { key } of node.items) {
      if (!isScalar(key)) continue;
      if (names.has(key.value)) faults.push({ offset: startOf(key), ...WRITTEN_TWICE, isHarmless: true });
      names.add(key.value);
    }
  }
  return faults;
}

/** An anchor stands before its aliases. */
function faultsOfAliases(nodes: readonly Node[]): Fault[] {
  const faults: Fault[] = [];
  const anchors = new Set<string>();
  let aliases = 0;
  for (const node of nodes) {
    if (!isAlias(node)) {
      if (node.anchor !== undefined) anchors.add(node.anchor);
      continue;
    }
    aliases += 1;
    if (!anchors.has(node.source)) faults.push({ offset: startOf(node), ...ALIAS_OF_NOTHING, isHarmless: false });
    if (aliases === MAX_ALIASES + 1) faults.push(tooManyAliases(startOf(node)));
  }
  return faults;
}

/** All of them, each one before what is inside it. */
function nodesOf({ contents }: Document.Parsed): Node[] {
  const nodes: Node[] = [];
  const pending: unknown[] = [contents];
  while (pending.length > 0) {
    const next = pending.pop();
    if (isNode(next)) nodes.push(next);
    if (isPair(next)) pending.push(next.value, next.key);
    if (isCollection(next)) for (const item of next.items.toReversed()) pending.push(item);
  }
  return nodes;
}

/** Where a node begins. */
export const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);

/** Mistakes beside which it is still plain what the rest says. */
const HARMLESS = new Set<YAMLError['code']>(['MULTIPLE_DOCS', 'BAD_DQ_ESCAPE', 'BAD_SCALAR_START']);

const SAID: Partial<Record<YAMLError['code'], Words>> = {
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

const WRITTEN_TWICE: Words = { message: 'this field is written twice', help: 'keep one of the two' };

const ALIAS_OF_NOTHING: Words = {
  message: 'this alias stands for nothing',
  help: 'define the anchor (&name) before the alias (*name), or write the value out',
};

const saidOf = ({ code, pos: [offset] }: YAMLError, isHarmless: boolean): Fault => ({
  offset,
  ...(SAID[code] ?? OTHERWISE),
  isHarmless,
});
