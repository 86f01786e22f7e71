import type { Finding } from '../core/doctor/finding.ts';
import type { Key } from '../core/policy.ts';
import { explain, isKeyturnError } from '../errors.ts';
import { keyNamed, toolsFor } from '../workspace.ts';
import { type Examination, examine } from './examine.ts';
import { mend } from './mend.ts';

/** One thing that was tried: what was done, or why it was not. */
export interface Fixed {
  code: string;
  outcome: 'done' | 'failed';
  message: string;
}

/** Takes every safe step for one key, looking again after each, and returns what is left. */
export async function fix(
  examination: Omit<Examination, 'only'>,
  key: Key,
): Promise<{ fixed: Fixed[]; findings: Finding[] }> {
  const fixed: Fixed[] = [];
  const tried = new Set<string>();
  for (;;) {
    const findings = await examine({ ...examination, only: key });
    const next = findings.find((each) => each.subject === key.id && each.mend && !tried.has(labelOf(each)));
    if (!next) return { fixed, findings };
    tried.add(labelOf(next));
    fixed.push(...(await attempt(examination, key, next)));
  }
}

const labelOf = ({ code, mend: step }: Finding): string => JSON.stringify([code, step]);

async function attempt({ workspace, by }: Omit<Examination, 'only'>, key: Key, finding: Finding): Promise<Fixed[]> {
  const { code, mend: step } = finding;
  if (step === null) return [];
  const toolsOf = (id: string) => toolsFor(workspace, keyNamed(workspace.keys, id), by);
  try {
    const did = await mend(await toolsOf(key.id), step, toolsOf);
    return did.map((message) => ({ code, outcome: 'done', message }));
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
    return [{ code, outcome: 'failed', message: explain(error) }];
  }
}
