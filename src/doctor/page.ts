import { FINDINGS, type FindingEntry } from '../core/doctor/table.ts';

/** `docs/doctor.md`: the part generated from the table of findings. */

const TITLES: Record<keyof typeof FINDINGS, string> = {
  SETUP: 'Policies and configuration',
  STORE: 'Stores',
  AWS: 'AWS Secrets Manager',
  VENUE: 'Venues and the way to them',
  RECORD: 'Records and half-done steps',
  MATERIAL: 'Key material',
  EVIDENCE: 'Evidence',
  PEOPLE: 'What people owe',
  PROBES: 'What the venue says',
};

export function findingTables(): string {
  const groups = Object.keys(FINDINGS) as (keyof typeof FINDINGS)[];
  return groups.map(table).join('\n');
}

function table(group: keyof typeof FINDINGS): string {
  const rows = Object.entries<FindingEntry>(FINDINGS[group]).map(
    ([code, { severity, means, todo, fix }]) => `| \`${code}\` | ${severity} | ${means} | ${todo} | ${fix ?? ''} |`,
  );
  return [
    `## ${TITLES[group]}`,
    '',
    '| code | severity | what is the case | what to do | what `--fix` does |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
