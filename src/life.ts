import { REASONS, type ReasonEntry } from './core/reasons.ts';

/** `docs/life-of-a-key.md`: the part generated from the table of reasons. */

const TITLES: Record<keyof typeof REASONS, [title: string, introduction: string]> = {
  ACTING: [
    'Why keyturn does something',
    'With an action (`generate`, `register`, `verify`, `promote`, `revoke`, `prove`, `destroy`).',
  ],
  WAITING: ['Why keyturn waits', 'With action `null`: for time, for people, or for another worker.'],
  HOLDING: ['Why keyturn holds still', 'Somebody has to look before anything is done for this key; other keys go on.'],
  OUTCOMES: ['What came of an action', 'In the output of `apply` and `verify`.'],
  TROUBLE: [
    'Why a venue’s answer says nothing',
    'Never read as success or failure: the verdict is `inconclusive`, and the next pass asks again.',
  ],
};

export function reasonTables(): string {
  const groups = Object.keys(REASONS) as (keyof typeof REASONS)[];
  return groups
    .map((group) => {
      const [title, introduction] = TITLES[group];
      const rows = Object.entries<ReasonEntry>(REASONS[group]).map(
        ([code, { means, todo }]) => `| \`${code}\` | ${means} | ${todo ?? 'Nothing.'} |`,
      );
      return [
        `## ${title}`,
        '',
        introduction,
        '',
        '| reason | what is the case | what to do |',
        '| --- | --- | --- |',
        ...rows,
        '',
      ].join('\n');
    })
    .join('\n');
}
