import type { Configuration } from './configuration.ts';
import type { Key } from './core/policy.ts';
import type { Problem } from './problems.ts';
import type { Source } from './source.ts';
import { nearest } from './suggest.ts';

/** Warnings about owners, keys and applications in keyturn.yaml that no policy has: such a notifier or hook would stay silent. */
export function unheard(
  { notifiers, hooks }: Pick<Configuration, 'notifiers' | 'hooks'>,
  keys: readonly Key[],
  source: Source,
): Problem[] {
  const known = {
    owners: new Set(keys.map(({ owner }) => owner ?? '')),
    keys: new Set(keys.map(({ id }) => id)),
    applications: new Set(keys.map(({ application }) => application)),
  };
  const unknownIn = (path: string[], field: keyof typeof known, names: readonly string[] = []): Problem[] =>
    names.flatMap((name, index) =>
      known[field].has(name) ? [] : [warning(source, [...path, field, index], name, known[field])],
    );
  return [
    ...Object.entries(notifiers).flatMap(([name, { owners }]) => unknownIn(['notifiers', name], 'owners', owners)),
    ...Object.entries(hooks).flatMap(([name, hook]) => [
      ...unknownIn(['hooks', name], 'keys', hook.keys),
      ...unknownIn(['hooks', name], 'applications', hook.applications),
    ]),
  ];
}

function warning(source: Source, path: (string | number)[], name: string, known: ReadonlySet<string>): Problem {
  const meant = nearest(name, [...known]);
  return {
    rule: 'schema',
    severity: 'warning',
    key: null,
    file: source.file,
    ...source.locate(path),
    path: path.join('.'),
    message: `no key of any policy has ${name} here, so nothing comes of it`,
    help: meant === null ? 'write it as the policies do' : `did you mean ${meant}?`,
    waived: false,
  };
}
