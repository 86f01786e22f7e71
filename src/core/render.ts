import { minute } from './instant.ts';
import type { PlanView } from './plan.ts';
import type { Task } from './tasks.ts';

/** Texts people read, from the same values the JSON outputs show. */

const TITLES: Record<Task['kind'], string> = {
  register: 'REGISTER A NEW KEY',
  fix: 'CORRECT A KEY',
  delete: 'DELETE A KEY',
};

/** Everything a person needs for one task, and what to run afterwards. Shows no secret. */
export function renderCard(task: Task): string {
  const sections = [heading(task), details(task), steps(task), ...body(task), extraDeletions(task), afterwards(task)];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function heading({ kind, key, generation, overdue, compromised }: Task): string {
  const alarms = [...(compromised ? ['COMPROMISED: do it now'] : []), ...(overdue ? ['OVERDUE'] : [])];
  return [[TITLES[kind], ...alarms].join(' · '), `${key}, generation ${generation}`].join('\n');
}

function details(task: Task): string {
  return fields([
    ['account', `${task.account} (${task.venue})`],
    ['purpose', task.purpose],
    ['owner', task.owner ?? 'nobody named'],
    ['deadline', minute(task.deadline)],
    ['page', task.page],
    ['label', task.label],
    ['key id', task.apiKey ?? ''],
    ['fingerprint', task.fingerprint === '' ? '' : `SHA-256 ${task.fingerprint}`],
  ]);
}

const steps = (task: Task): string => numbered(task.kind === 'fix' ? [...task.steps] : task.steps);

function body(task: Task): string[] {
  switch (task.kind) {
    case 'register':
      return [permissions(task), addresses(task), `Public key to paste:\n\n${task.paste.trim()}`];
    case 'fix':
      return [
        task.findings.length === 0
          ? ''
          : ['What is wrong:', ...task.findings.map(({ message }) => `  - ${message}`)].join('\n'),
        permissions(task),
        addresses(task),
        ...(task.findings.some(({ code }) => NEEDS_PUBLIC_KEY.has(code))
          ? [`Public key to paste:\n\n${task.paste.trim()}`]
          : []),
      ];
    case 'delete':
      return [task.seenDead > 0 ? 'It was seen deleted; keyturn is confirming that. Nothing more to do here.' : ''];
  }
}

const NEEDS_PUBLIC_KEY: ReadonlySet<string> = new Set([
  'wrong-public-key',
  'wrong-account',
  'unknown-key-id',
  'refused',
]);

const permissions = ({ switches, permissions: { on } }: Task): string => {
  if (switches.on.length + switches.off.length === 0)
    return `Allow it exactly this, as far as the page lets you choose: ${on.join(', ')}`;
  return [
    'Turn on exactly these:',
    ...switches.on.map((label) => `  [x] ${label}`),
    'Leave all of these off:',
    ...switches.off.map((label) => `  [ ] ${label}`),
  ].join('\n');
};

const addresses = ({ ipAllowlist, allowlistLabel }: Task): string =>
  ipAllowlist.length === 0
    ? 'Addresses: the policy asks for no restriction.'
    : [`Choose “${allowlistLabel}” and enter exactly:`, ...ipAllowlist.map((address) => `  ${address}`)].join('\n');

const extraDeletions = ({ alsoDelete }: Task): string =>
  alsoDelete.length === 0
    ? ''
    : [
        'Delete these at the venue, too, unless somebody uses them: they were handed in before and replaced:',
        ...alsoDelete.map((id) => `  ${id}`),
      ].join('\n');

function afterwards({ kind, key, findings }: Task): string {
  if (kind === 'delete')
    return `Afterwards: keyturn verify ${key}\nkeyturn proves the deletion by itself; there is nothing to click.`;
  const needsId = kind === 'register' || findings.some(({ code }) => NEEDS_PUBLIC_KEY.has(code));
  return needsId
    ? `Afterwards, with the key id the page shows: keyturn register ${key} KEY-ID`
    : `Afterwards: keyturn verify ${key}`;
}

const numbered = (lines: readonly string[]): string => lines.map((line, index) => `${index + 1}. ${line}`).join('\n');

function fields(rows: [string, string][]): string {
  const shown = rows.filter(([, value]) => value !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

/** The plan as a table for pull requests and chats. */
export function planMarkdown({ at, keys }: PlanView): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = keys.map(
    ({ key, action, generation, reason, message, due }) =>
      `| ${key} | ${action ?? ''} | ${generation ?? ''} | ${cell(message)} (\`${reason}\`) | ${minute(due)} |`,
  );
  return [
    `# keyturn plan, ${minute(at)}`,
    '',
    planSummary({ at, keys }),
    '',
    '| key | action | generation | why | due |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

export function planSummary({ keys }: PlanView): string {
  const busy = keys.filter(({ action }) => action !== null).length;
  const all = `${keys.length} key${keys.length === 1 ? '' : 's'}`;
  return busy === 0
    ? `${all}, nothing to do now`
    : `${busy} of ${all} ${busy === 1 ? 'has' : 'have'} something to do now`;
}
