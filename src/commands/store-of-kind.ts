import { type Configuration, loadConfiguration } from '../configuration.ts';
import { KeyturnError } from '../errors.ts';
import { hasErrors } from '../problems.ts';
import { KINDS } from '../wire.ts';

type StoreEntry = Configuration<typeof KINDS>['stores'][string];

/**
 * The options of the one configured store of a kind, or of the one that was named. Asks nobody but keyturn.yaml. Throws
 * `invalid` where that cannot be read, `usage` where there is none or the choice is open.
 */
export async function storeOfKind<K extends StoreEntry['kind']>(
  kind: K,
  { config, store: wanted }: { config?: string | undefined; store?: string | undefined },
): Promise<Extract<StoreEntry, { kind: K }>> {
  const { configuration, problems } = await loadConfiguration(config ?? null, KINDS);
  if (hasErrors(problems)) {
    throw new KeyturnError('invalid', 'the configuration is invalid', {
      hint: 'keyturn policy check shows what is wrong',
    });
  }
  const isOfKind = (entry: StoreEntry): entry is Extract<StoreEntry, { kind: K }> => entry.kind === kind;
  const known = Object.entries(configuration.stores).flatMap(([name, entry]) =>
    isOfKind(entry) ? [{ name, entry }] : [],
  );
  const [found, ...others] = wanted === undefined ? known : known.filter(({ name }) => name === wanted);
  if (found && others.length === 0) return found.entry;
  const names = known.map(({ name }) => name).join(', ');
  throw found
    ? new KeyturnError('usage', `there are several stores of kind ${kind}: ${names}`, {
        hint: 'say which: --store NAME',
      })
    : new KeyturnError('usage', `there is no store of kind ${kind}${wanted === undefined ? '' : ` named ${wanted}`}`, {
        hint: known.length > 0 ? `there are: ${names}` : 'define one in keyturn.yaml; providers/README.md has examples',
      });
}
