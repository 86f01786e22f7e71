import { TypeError as CelTypeError, Environment, EvaluationError, ParseError } from '@marcbachmann/cel-js';
import { DAY, HOUR } from '../core/duration.ts';
import { type Fault, faultIn, stepsOf } from './cost.ts';
import { declareSubject, type Subject } from './subject.ts';

/** Expressions of CEL over one key: checked when they are read, bounded when they are asked. */

export interface Expression {
  /** At most so many steps for this key. */
  steps(subject: Subject): number;
  /** Throws what CEL has to say where there is no answer, for example for a division by zero. */
  holds(subject: Subject): boolean;
}

const LIMITS = { maxAstNodes: 300, maxDepth: 40, maxListElements: 100, maxMapEntries: 1, maxCallArguments: 4 };

export const rulesEnvironment = (): Environment =>
  declareSubject(new Environment({ limits: LIMITS }))
    .registerFunction('days(int): int', (count: bigint) => within64Bits(count * BigInt(DAY)))
    .registerFunction('hours(int): int', (count: bigint) => within64Bits(count * BigInt(HOUR)));

function within64Bits(value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw new RangeError('integer overflow');
}

/** Reads an expression, or says where it is wrong. */
export function readExpression(environment: Environment, text: string): Expression | Fault {
  try {
    const parsed = environment.parse(text);
    const fault = faultIn(parsed.ast);
    if (fault) return fault;
    const { valid, type, error } = parsed.check();
    if (!valid) return faultOf(error);
    if (type !== 'bool')
      return { at: 0, message: `this is no yes or no, but ${type}`, help: 'write what must be true' };
    return {
      steps: ({ elements }) => stepsOf(parsed.ast, elements),
      holds: ({ values }) => parsed(values) === true,
    };
  } catch (error) {
    return faultOf(error);
  }
}

const HELP = 'see docs/custom-rules.md for what expressions can say';

const faultOf = (error: unknown): Fault => ({
  at: error instanceof ParseError || error instanceof CelTypeError ? (error.range?.start ?? 0) : 0,
  message: `this is no CEL: ${summaryOf(error)}`,
  help: HELP,
});

/** In one line, without the drawing of where it is. */
export function summaryOf(error: unknown): string {
  if (error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)
    return error.summary;
  return error instanceof Error ? error.message : 'it cannot be decided';
}
