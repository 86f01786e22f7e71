import type { Action } from '../core/decide.ts';
import type { KeyRecord } from '../core/record.ts';
import { destroy } from './destroy.ts';
import { generate } from './generate.ts';
import { promote } from './promote.ts';
import { prove } from './prove.ts';
import { register } from './register.ts';
import { revoke } from './revoke.ts';
import type { Step, StepResult, Tools } from './step.ts';
import { verify } from './verify.ts';

/** Every action but the first has a record to start from. */
const STEPS = { register, verify, promote, revoke, prove, destroy } as const satisfies Record<
  Exclude<Action, 'generate'>,
  Step
>;

/** Carries out one decided action against the record it was decided on. Throws `conflict` when that has moved on. */
export function act(tools: Tools, record: KeyRecord | null, action: Action, generation: number): Promise<StepResult> {
  if (action === 'generate') return generate(tools, record, generation);
  if (record === null) throw new Error(`${action} needs a record`);
  return STEPS[action](tools, record, generation);
}
