import type { ASTNode } from '@marcbachmann/cel-js';
import { nearest } from '../suggest.ts';

/**
 * What an expression may do, and how long that takes at most. CEL itself ends always, but regular expressions, bindings and
 * lists made of lists can take as long as they like; without them the time follows from the expression and from how long the
 * lists of a key are.
 */

/** Over lists, one element after the other. */
const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter']);

/** The functions there are, with what a call costs in steps: about as many as it takes of the cheapest. */
const FUNCTIONS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    has: 1,
    size: 1,
    days: 1,
    hours: 1,
    int: 1,
    double: 1,
    contains: 100,
    startsWith: 1,
    endsWith: 1,
    lowerAscii: 10,
    upperAscii: 10,
    trim: 10,
    indexOf: 100,
    substring: 10,
    string: 200,
    timestamp: 200,
    duration: 200,
    getFullYear: 200,
    getMonth: 200,
    getDate: 200,
    getDayOfMonth: 200,
    getDayOfWeek: 200,
    getDayOfYear: 200,
    getHours: 200,
    getMinutes: 200,
    getSeconds: 200,
    getMilliseconds: 200,
  }),
);

/** Each makes texts and lists longer; a few are enough for any sum of durations. */
const MOST_SUMS = 8;

export interface Fault {
  /** In the expression, in UTF-16 units. */
  at: number;
  message: string;
  help: string;
}

/** What an expression does that it may not; null for nothing. */
export function faultIn(ast: ASTNode): Fault | null {
  let sums = 0;
  const look = (node: ASTNode, isInLoop: boolean): Fault | null => {
    const fault = (message: string, help: string) => ({ at: node.range.start, message, help });
    const name = calledBy(node);
    if (name !== null && !LOOPS.has(name) && !FUNCTIONS.has(name)) {
      const known = [...LOOPS, ...FUNCTIONS.keys()];
      const meant = nearest(name, known);
      return fault(
        `there is no function ${name} in rules`,
        meant ? `did you mean ${meant}?` : `use ${known.join(', ')}`,
      );
    }
    if (node.op === 'list' && node.args.some((each) => each.op !== 'value')) {
      return fault('lists hold plain values only', 'write texts and numbers between the brackets');
    }
    if (node.op === 'map') return fault('there are no maps in rules', 'compare values one by one');
    if (node.op === '+' && isInLoop) return fault('nothing can be added up inside a loop', 'add it up outside');
    if (node.op === '+' && ++sums > MOST_SUMS)
      return fault('this adds up too much', `use + at most ${MOST_SUMS} times`);
    const [range, ...body] = childrenOf(node);
    const inside = isInLoop || isLoop(node);
    return (range && look(range, isInLoop)) ?? body.map((each) => look(each, inside)).find((found) => found) ?? null;
  };
  return look(ast, false);
}

/** The steps an expression takes at most, for a key whose lists have so many elements together. */
export function stepsOf(ast: ASTNode, elements: number): number {
  const longest = longestList(ast, elements);
  const count = (node: ASTNode): number => {
    const children = childrenOf(node).map(count);
    if (isLoop(node)) {
      const [range = 0, ...body] = children;
      return range + longest * (1 + sum(body));
    }
    const own = LOOK_THROUGH.has(node.op) ? 1 + longest : (FUNCTIONS.get(calledBy(node) ?? '') ?? 1);
    return own + sum(children);
  };
  return count(ast);
}

/** These may look at every element of a list. */
const LOOK_THROUGH: ReadonlySet<string> = new Set(['==', '!=', 'in', '+']);

/** Sums join lists; everything else leaves them as long as they are, or shorter. */
function longestList(ast: ASTNode, elements: number): number {
  const nodes = flat(ast);
  const written = nodes.map((node) => (node.op === 'list' ? node.args.length : 0));
  const sums = nodes.filter(({ op }) => op === '+').length;
  return (elements + sum(written)) * (sums + 1);
}

const flat = (node: ASTNode): ASTNode[] => [node, ...childrenOf(node).flatMap(flat)];
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const calledBy = (node: ASTNode): string | null => (node.op === 'call' || node.op === 'rcall' ? node.args[0] : null);
const isLoop = (node: ASTNode): boolean => LOOPS.has(calledBy(node) ?? '');

/** What it is called on, or loops over, comes first. */
function childrenOf({ args }: ASTNode): ASTNode[] {
  const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'op' in value;
  return [args].flat(3).filter(isNode);
}
