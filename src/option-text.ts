import type { ZodMiniType } from 'zod/mini';
import { KeyturnError } from './errors.ts';

/** What was given for an option, as it is; throws `usage` with what its schema says of it. */
export function optionText(option: string, given: string, schema: ZodMiniType<string>): string {
  const [problem] = schema.safeParse(given).error?.issues ?? [];
  if (problem) throw new KeyturnError('usage', `--${option} ${problem.message}`);
  return given;
}
