import { compared, type PolicyDiff, policyDiff, touchedKeys } from '../core/policy-diff.ts';
import type { RuleId } from '../core/rules.ts';
import { editionsOf } from '../editions.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { type LiveRecords, liveRecords } from '../live-records.ts';
import { hasErrors, type Policies, type Problem } from '../policy-files.ts';
import { isError } from '../problems.ts';
import { diffMarkdown } from '../reports/diff-markdown.ts';
import { diffPage } from '../reports/diff-page.ts';
import { diffText } from '../reports/diff-text.ts';
import { configured, type WorkspaceOptions } from '../workspace.ts';
import { type CommandIo, printJson } from './io.ts';

export interface PolicyDiffOptions extends WorkspaceOptions {
  output: 'text' | 'markdown' | 'json';
  /** Folders, or git revisions of the policies. */
  base: string;
  head: string;
  detailedExitcode?: boolean | undefined;
}

/** What an edit of policies means. Reads policies and, where it can, records; writes nothing. */
export async function comparePolicies(options: PolicyDiffOptions, io: CommandIo): Promise<ExitStatus> {
  const { ports, clock, problems, surroundings } = await configured(options);
  if (hasErrors(problems)) throw unfit('the configuration', problems);
  const editions = editionsOf(options.policies ?? 'policies', surroundings);
  const [base, head] = await Promise.all([editions.load(options.base), editions.load(options.head)]);
  refuseUnfit(options, base, head);
  const comparison = compared(base, head);
  const live = await liveRecords(ports.sources, touchedKeys(comparison));
  const diff = policyDiff(comparison, {
    records: live.records,
    capabilities: (venue) => ports.venues.get(venue)?.capabilities,
    now: clock.now(),
  });
  print(options, { base, head, live, diff }, io);
  return options.detailedExitcode && diff.relaxes ? EXIT.CHANGES : EXIT.OK;
}

/** Without these a key may be missing, or be there twice, and a comparison would say something wrong. Others are only counted. */
const OF_FORM: readonly RuleId[] = ['syntax', 'schema', 'secret-material', 'unique-key'];

function refuseUnfit(options: PolicyDiffOptions, base: Policies, head: Policies): void {
  for (const [name, { problems }] of [[options.base, base] as const, [options.head, head] as const]) {
    const errors = problems.filter((problem) => isError(problem) && OF_FORM.includes(problem.rule));
    if (errors.length > 0) throw unfit(`the policies of ${name}`, errors);
  }
  if (base.files.length + head.files.length > 0) return;
  throw new KeyturnError('usage', `neither ${options.base} nor ${options.head} has policies in ${options.policies}`, {
    hint: 'name the folder they are in: keyturn --policies FOLDER policy diff BASE HEAD',
  });
}

function unfit(what: string, errors: readonly Problem[]): KeyturnError {
  const [first] = errors.filter(isError);
  const where = first ? `: ${first.file}:${first.line}:${first.column} ${first.message}` : '';
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new KeyturnError('invalid', `${what} cannot be compared${where}${more}`, {
    hint: 'keyturn policy check says what to write instead; or compare with a revision that is sound',
  });
}

interface Result {
  base: Policies;
  head: Policies;
  live: LiveRecords;
  diff: PolicyDiff;
}

function print({ output, base: from, head: to }: PolicyDiffOptions, { base, head, live, diff }: Result, io: CommandIo) {
  const errors = { base: base.problems.filter(isError).length, head: head.problems.filter(isError).length };
  if (output === 'json') {
    const { relaxes, at, count, keys, waivers, people } = diff;
    printJson(io, { at, base: from, head: to, relaxes, count, keys, waivers, people, errors, unread: live.unread });
    return;
  }
  const notes = [
    ...(base.files.length === 0 ? [`${from} has no policies there: everything is added.`] : []),
    ...(head.files.length === 0 ? [`${to} has no policies there: everything is removed.`] : []),
    ...(errors.head > 0 ? [`${to} breaks rules (${errors.head} errors): keyturn policy check explains them.`] : []),
    ...datesNote(diff, live),
  ];
  const page = diffPage(diff, { base: from, head: to, notes });
  io.stdout.write(output === 'markdown' ? diffMarkdown(page) : diffText(page, io.terminal));
}

const TIMING = new Set([
  'rotateEvery',
  'registerWithin',
  'overlap',
  'revokeWithin',
  'lead',
  'windows',
  'freezes',
  'onMissedWindow',
]);

/** Which dates are facts and which only follow from the files. */
function datesNote(diff: Pick<PolicyDiff, 'keys'>, { unread }: LiveRecords): string[] {
  const keys = diff.keys.filter(({ changes }) => changes.some(({ field }) => TIMING.has(field)));
  const known = keys.filter(({ from }) => from === 'record').length;
  if (keys.length === 0) return [];
  const told =
    known === keys.length
      ? 'Dates are those of the records.'
      : known === 0
        ? 'Told from the policies alone: no record of these keys was read, so their dates are not known.'
        : `Dates are those of the records of ${known} of ${keys.length} keys; of the others only the policies were read.`;
  return [told, ...unread.map(({ store, message }) => `Store ${store} was not read: ${message}.`)];
}
