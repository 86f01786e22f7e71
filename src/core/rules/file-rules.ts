import { isInForce } from '../policy.ts';
import type { Policy } from '../resolve-policy.ts';
import type { Path, Remark, Surroundings } from './rule.ts';
import { type BuiltInRuleId, isWaivable, RULES } from './table.ts';

/** One file at a time. */
export interface FileRule {
  id: BuiltInRuleId;
  check: (policy: Policy, surroundings: Surroundings) => Remark[];
}

const venueIsKnown: FileRule = {
  id: 'schema',
  check: ({ venue }, { venues }) => unknownName('venue', venue, [...venues.keys()]),
};

const storeIsKnown: FileRule = {
  id: 'schema',
  check: ({ store }, { stores }) => unknownName('store', store, [...stores]),
};

const passphraseStoresAreKnown: FileRule = {
  id: 'schema',
  check: ({ keys }, { stores }) =>
    keys.flatMap(({ passphrase }, key) =>
      typeof passphrase === 'object'
        ? unknownName('store', passphrase.store, [...stores]).map((remark) => ({
            ...remark,
            at: ['keys', key, 'passphrase', 'store'],
          }))
        : [],
    ),
};

function unknownName(field: 'venue' | 'store', name: string | undefined, known: readonly string[]): Remark[] {
  if (name === undefined || known.includes(name)) return [];
  const help = `known: ${known.join(', ') || 'none'}; keyturn.yaml defines more, an entry with mistakes does not count`;
  return [{ at: [field], message: `there is no ${field} named ${name}`, help, unknown: { name, known } }];
}

const waiversHold: FileRule = {
  id: 'waiver',
  check: ({ waivers }, { today, rules = [] }) =>
    waivers.flatMap((waiver, place) => {
      if (waiver === null) return [];
      const { rule, until } = waiver;
      const at = (field: string): Path => ['waivers', place, field];
      const remarks: Remark[] = [];
      const all: string[] = [...Object.keys(RULES), ...rules.map(({ id }) => id)];
      if (!all.includes(rule)) {
        const known = all.filter(isWaivable);
        remarks.push({
          at: at('rule'),
          message: `there is no rule ${rule}`,
          help: `known: ${known.join(', ')}`,
          unknown: { name: rule, known },
        });
      } else if (!isWaivable(rule)) {
        remarks.push({
          at: at('rule'),
          message: `${rule} cannot be waived`,
          help: 'mend what it found and remove this waiver',
        });
      }
      if (!isInForce(waiver, today)) {
        const help = 'mend what it silences, or decide anew and write a later day';
        remarks.push({ at: at('until'), message: `this waiver expired after ${until}`, help });
      }
      return remarks;
    }),
};

export const FILE_RULES: readonly FileRule[] = [venueIsKnown, storeIsKnown, passphraseStoresAreKnown, waiversHold];
