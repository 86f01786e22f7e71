import { formatDuration } from '../core/duration.ts';
import { minute } from '../core/instant.ts';
import type { Effect } from '../core/policy-diff/change.ts';
import type { KeyDiff, PolicyDiff } from '../core/policy-diff.ts';

/** What a diff of policies says to people, before it is set as text or Markdown. */
export interface DiffPage {
  title: string;
  sections: { title: string; lines: Line[] }[];
  notes: string[];
}

/** What kind of thing, and what. */
export type Line = [label: Effect | 'life' | 'dates' | 'keys' | 'tasks', text: string];

export interface Compared {
  base: string;
  head: string;
  /** Beside what the diff itself says. */
  notes: readonly string[];
}

export function diffPage(diff: PolicyDiff, { base, head, notes }: Compared): DiffPage {
  const people = diff.people.map(
    ({ owner, keys, tasks }): Line => [
      'tasks',
      `${owner ?? 'nobody'}: ${step(keys, plural('key'))}, ${step(tasks, plural('task'))} a quarter`,
    ],
  );
  const due = diff.keys.flatMap(({ key, dueNow }) => (dueNow ? [key] : []));
  const sections = [
    ...groupsOf(diff.keys),
    { title: 'waivers', lines: diff.waivers.map(({ effect, message }): Line => [effect, message]) },
    { title: 'due at once', lines: due.length === 0 ? [] : [['keys', some(due)] satisfies Line] },
    { title: 'people', lines: people },
  ];
  return {
    title: `${base} → ${head}: ${summaryOf(diff)}`,
    sections: sections.filter(({ lines }) => lines.length > 0),
    notes: [...(diff.keys.some(isAtVenue) ? [AT_VENUE] : []), ...notes],
  };
}

function summaryOf({ relaxes, keys, waivers, count }: PolicyDiff): string {
  if (keys.length === 0 && waivers.length === 0) return 'nothing changes in meaning';
  const tightens = [...keys.flatMap(({ changes }) => changes), ...waivers].some(({ effect }) => effect === 'tightened');
  const verdict = relaxes ? (tightens ? 'relaxes and tightens' : 'relaxes') : tightens ? 'tightens' : 'relaxes nothing';
  const all = count.before + keys.filter(({ change }) => change === 'added').length;
  const touched = [
    ...(keys.length > 0 ? [`${keys.length} of ${all} key${all === 1 ? '' : 's'}`] : []),
    ...(waivers.length > 0 ? [plural('waiver')(waivers.length)] : []),
  ];
  return `${verdict}; ${touched.join(' and ')} affected`;
}

const plural =
  (word: string) =>
  (number: number): string =>
    `${number} ${word}${number === 1 ? '' : 's'}`;

/** `2 → 3 keys`, or `2 keys` where nothing changes. */
const step = ({ before, after }: { before: number; after: number }, told: (number: number) => string): string =>
  before === after ? told(after) : `${before} → ${told(after)}`;

/** Keys that the same happens to are told of together: one line in `defaults` may change hundreds. */
function groupsOf(diffs: readonly KeyDiff[]): DiffPage['sections'] {
  const groups = new Map<string, [KeyDiff, ...KeyDiff[]]>();
  for (const diff of diffs) {
    const { key, change, changes } = diff;
    const own = change === 'added' || change === 'renamed' ? key : null;
    const mark = JSON.stringify([change, own, changes.map(({ message }) => message), lifeOf(diff)]);
    const group = groups.get(mark);
    if (group) group.push(diff);
    else groups.set(mark, [diff]);
  }
  return [...groups.values()].map((group) => ({
    title: `${TITLES[group[0].change]}${group[0].formerly ? `${group[0].formerly} → ` : ''}${some(group.map(({ key }) => key))}`,
    lines: [
      ...group[0].changes.map(({ effect, message }): Line => [effect, message]),
      ...lifeOf(group[0]),
      ...datesOf(group),
    ],
  }));
}

const TITLES: Record<KeyDiff['change'], string> = {
  added: 'added ',
  removed: 'removed ',
  renamed: 'renamed ',
  changed: '',
};

const SHOWN = 8;

/** The first few of many. */
const some = (names: readonly string[]): string =>
  names.length <= SHOWN + 1 ? names.join(', ') : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;

function lifeOf({ life: { before, after } }: KeyDiff): Line[] {
  if (after === null || before === after) return [];
  const told = before === null ? formatDuration(after) : `${formatDuration(before)} → ${formatDuration(after)}`;
  return [['life', `worst-case life ${told}`]];
}

function datesOf(group: readonly KeyDiff[]): Line[] {
  const [first] = group;
  if (first === undefined) return [];
  if (group.every(({ from }) => from === 'policies'))
    return first.dueLater ? [['dates', `falls due ${later(first.dueLater)}`]] : [];
  const moves = group.flatMap(({ key, dates }) =>
    dates.map(({ what, before, after }): Line => {
      const by = later((after.getTime() - before.getTime()) / 1000);
      const whose = group.length === 1 ? '' : `${key}: `;
      return ['dates', `${whose}${WORDS[what]} ${minute(before)} → ${minute(after)} (${by})`];
    }),
  );
  const more = moves.length - SHOWN;
  return more <= 1 ? moves : [...moves.slice(0, SHOWN), ['dates', `and ${more} dates more`]];
}

const later = (seconds: number): string => `${formatDuration(Math.abs(seconds))} ${seconds > 0 ? 'later' : 'earlier'}`;

const WORDS: Record<KeyDiff['dates'][number]['what'], string> = {
  due: 'due',
  'rotation-starts': 'rotation starts',
  'registration-deadline': 'registration deadline',
  'overlap-ends': 'overlap ends',
  'deletion-deadline': 'deletion deadline',
};

const AT_VENUE =
  'Permissions, addresses, passphrase and algorithm take effect with each key’s next generation; keyturn audit says what to correct at the venue before.';

const isAtVenue = ({ change, changes }: KeyDiff): boolean =>
  change !== 'added' &&
  changes.some(({ field }) => ['permissions', 'ipAllowlist', 'passphrase', 'algorithm'].includes(field));
