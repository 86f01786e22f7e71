import { configurationJsonSchema } from '../configuration.ts';
import { formatDuration } from '../core/duration.ts';
import type { Key } from '../core/policy.ts';
import { policyJsonSchema } from '../core/policy-schema.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { hasErrors, type Problem } from '../policy-files.ts';
import { table } from '../terminal.ts';
import { KINDS } from '../wire.ts';
import { check, type WorkspaceOptions } from '../workspace.ts';
import { type CommandIo, printJson } from './io.ts';

export interface PolicyCheckOptions extends WorkspaceOptions {
  output: 'text' | 'json';
  paths: string[];
}

/** Every problem of policies and configuration at once. */
export async function policyCheck(options: PolicyCheckOptions, io: CommandIo): Promise<ExitStatus> {
  const { problems, keys, files } = await check(options, options.paths);
  if (options.output === 'json')
    printJson(io, { files, keys: keys.length, waived: problems.filter(({ waived }) => waived).length, problems });
  else io.stdout.write(checkText(problems, keys, files, io));
  return hasErrors(problems) ? EXIT.INVALID : EXIT.OK;
}

function checkText(problems: readonly Problem[], keys: readonly Key[], files: number, io: CommandIo): string {
  const { paint } = io.terminal;
  const severity = ({ severity, waived }: Problem) =>
    waived ? paint.dim('waived') : severity === 'error' ? paint.red('error') : paint.yellow('warning');
  const told = problems.map(
    (problem) =>
      `${problem.file}:${problem.line}:${problem.column}: ${severity(problem)} [${problem.rule}] ${problem.message}\n  ${problem.help}`,
  );
  const count = (wanted: (problem: Problem) => boolean, word: string) => {
    const number = problems.filter(wanted).length;
    return `${number} ${word}${number === 1 ? '' : 's'}`;
  };
  const errors = count(({ severity, waived }) => severity === 'error' && !waived, 'error');
  const warnings = count(({ severity, waived }) => severity === 'warning' && !waived, 'warning');
  const summary = `${files} file${files === 1 ? '' : 's'}, ${keys.length} key${keys.length === 1 ? '' : 's'}: ${errors}, ${warnings}, ${problems.filter(({ waived }) => waived).length} waived`;
  return `${[...told, ...(told.length > 0 ? [''] : []), ...(hasErrors(problems) ? [] : [livesText(keys, io)]), summary].join('\n')}\n`;
}

/** The longest any key can live when everybody uses all of their time. */
function livesText(keys: readonly Key[], io: CommandIo): string {
  const rows = keys.map(({ id, purpose, rotateEvery, schedule: { registerWithin, overlap, revokeWithin } }) => [
    id,
    purpose,
    formatDuration(rotateEvery),
    formatDuration(rotateEvery + registerWithin + overlap + revokeWithin),
  ]);
  return table([['KEY', 'PURPOSE', 'EVERY', 'WORST-CASE LIFE'], ...rows], io.terminal);
}

/** The JSON Schema that editors check policies, or keyturn.yaml, with. */
export async function policySchema({ config }: { config: boolean }, io: CommandIo): Promise<ExitStatus> {
  io.stdout.write(`${JSON.stringify(config ? configurationJsonSchema(KINDS) : policyJsonSchema(), null, 2)}\n`);
  return EXIT.OK;
}
