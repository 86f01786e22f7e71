import type { Draft, Policy } from '../resolve-policy.ts';
import type { Finding, Remark, Surroundings } from './rule.ts';
import type { BuiltInRuleId } from './table.ts';

/** One account, whose keys may stand in several files. */
export interface Account {
  files: readonly Policy[];
  keys: readonly Place[];
}

/** A key, and where it stands: its file, and its place among the keys of that file. */
interface Place extends Pick<Finding, 'file'> {
  key: number;
  draft: Draft;
}

export const accountOf = (files: readonly Policy[]): Account => ({
  files,
  keys: files.flatMap(({ file, keys }) => keys.map((draft, key) => ({ file, key, draft }))),
});

/** One account at a time. */
export interface AccountRule {
  id: BuiltInRuleId;
  /** Says that something is nowhere, which takes having read everything. */
  needsEveryFile?: true;
  check: (account: Account, surroundings: Surroundings) => Sighting[];
}

/** A remark with the file, and the place in it of the key, that it is about. */
type Sighting = Remark & Pick<Finding, 'file' | 'key'>;

const namesAreUnique: AccountRule = {
  id: 'unique-key',
  check: ({ keys }) =>
    repeated(keys, ({ name }) => name).map(({ draft, first, ...where }) => ({
      ...where,
      at: ['name'],
      message: `${draft.name} is already the name of the key at ${placeOf(first)}`,
      help: 'give each key of an account a name of its own',
    })),
};

const purposesAreApart: AccountRule = {
  id: 'unique-key',
  check: ({ keys }) =>
    repeated(keys, ({ application, purpose }) =>
      application && purpose ? `${application}\n${purpose}` : undefined,
    ).map(({ draft, first, ...where }) => ({
      ...where,
      at: ['purpose'],
      message: `${draft.application} already has a key for ${draft.purpose} at ${placeOf(first)}`,
      help: 'keep one key for each application and purpose; a second application is named as such',
    })),
};

/** Two keys with one record would take turns destroying each other's material. */
const recordsAreApart: AccountRule = {
  id: 'unique-key',
  check: ({ keys }) =>
    repeated(keys, ({ storedAs }) => storedAs)
      .filter(({ draft, first }) => draft.name !== first.name)
      .map(({ draft, first, ...where }) => ({
        ...where,
        at: [draft.id === draft.storedAs ? 'name' : 'formerly'],
        message: `${draft.storedAs} is already where the key at ${placeOf(first)} keeps its record`,
        help: 'formerly belongs on the one key that was renamed, and its old name is not given to another',
      })),
};

const filesAgree: AccountRule = {
  id: 'schema',
  check: ({ files }) =>
    (['venue', 'store'] as const).flatMap((field) => {
      const [first, ...others] = files.filter((policy) => policy[field] !== undefined);
      return others
        .filter((policy) => policy[field] !== first?.[field])
        .map((policy) => ({
          file: policy.file,
          key: null,
          at: [field],
          message: `${policy.account} is on ${field} ${policy[field]} here and on ${first?.[field]} in ${first?.file}`,
          help: `write the same ${field} in every file of one account`,
        }));
    }),
};

const venueHasRoom: AccountRule = {
  id: 'venue-limit',
  check: ({ files, keys }, { venues }) => {
    const venue = venues.get(files[0]?.venue ?? '');
    if (venue === undefined) return [];
    const { title, limits } = venue.capabilities;
    const tooMany = keys[limits.keysPerAccount - 1];
    if (tooMany === undefined) return [];
    return [
      {
        file: tooMany.file,
        key: tooMany.key,
        at: ['name'],
        message: `${keys.length} keys and one more in overlap are more than the ${limits.keysPerAccount} an account has at ${title}`,
        help: `keep at most ${limits.keysPerAccount - 1} keys in one account; move others to a sub-account`,
      },
    ];
  },
};

const waiversNameKeys: AccountRule = {
  id: 'waiver',
  needsEveryFile: true,
  check: ({ files, keys }) => {
    const names = keys.map(({ draft }) => draft.name);
    if (!names.every((name) => name !== undefined)) return [];
    return files.flatMap(({ file, account, waivers }) =>
      waivers.flatMap((waiver, place) => {
        const name = waiver?.key.slice(`${account}/`.length);
        if (name === undefined || names.includes(name)) return [];
        const message = `${account} has no key ${name}`;
        const help = 'name a key of this account, or remove the waiver';
        return [{ file, key: null, at: ['waivers', place, 'key'], message, help, unknown: { name, known: names } }];
      }),
    );
  },
};

/** Every key whose mark an earlier key has already, with that one; keys without a mark are left out. */
function repeated(keys: readonly Place[], markOf: (draft: Draft) => string | undefined): (Place & { first: Draft })[] {
  const firsts = new Map<string, Draft>();
  return keys.flatMap((place) => {
    const mark = markOf(place.draft);
    if (mark === undefined) return [];
    const first = firsts.get(mark);
    if (first !== undefined) return [{ ...place, first }];
    firsts.set(mark, place.draft);
    return [];
  });
}

const placeOf = ({ source }: Draft): string => `${source.file}:${source.line}`;

export const ACCOUNT_RULES: readonly AccountRule[] = [
  namesAreUnique,
  purposesAreApart,
  recordsAreApart,
  filesAgree,
  venueHasRoom,
  waiversNameKeys,
];
