import {
  HOOKS,
  isLoopback,
  manualAddress,
  NOTIFIERS,
  type NotifierKind,
  nodeKeys,
  STORES,
  type StoreKind,
  splitCustody,
  VENUES,
  type VenueKind,
} from '../providers/index.ts';
import type { Configuration } from './configuration.ts';
import { concerns, hears, isQuiet } from './core/audience.ts';
import type { VenueCapabilities } from './core/capabilities.ts';
import type { Key } from './core/policy.ts';
import type { ProofRule } from './core/proof.ts';
import { KeyturnError } from './errors.ts';
import type { Sources } from './gather.ts';
import type { Clock } from './ports/clock.ts';
import type { Keys } from './ports/keys.ts';
import type { Channel, NotifierDependencies } from './ports/notifier.ts';
import type { Store, StoreReader } from './ports/store.ts';
import type { Venue } from './ports/venue.ts';
import { type OnRequest, timedStore, timedVenue } from './timed.ts';

/** The only bridge from configuration to providers. */

const optionsOf = <K extends Record<string, { options: unknown }>>(kinds: K) =>
  Object.fromEntries(Object.entries(kinds).map(([kind, { options }]) => [kind, options])) as {
    [kind in keyof K]: K[kind]['options'];
  };

/** The kinds there are, for the schema of keyturn.yaml, and what is there without one. */
export const KINDS = {
  stores: optionsOf(STORES),
  venues: optionsOf(VENUES),
  notifiers: optionsOf(NOTIFIERS),
  hooks: optionsOf(HOOKS),
  builtIn: {
    stores: { local: { kind: 'directory', path: '.keyturn/store' } },
    venues: {
      binance: { kind: 'binance' },
      bitget: { kind: 'bitget' },
      bybit: { kind: 'bybit' },
      deribit: { kind: 'deribit' },
      sandbox: { kind: 'binance', baseUrl: 'http://127.0.0.1:8787' },
    },
  },
} as const;

export interface Ports {
  /** What planning may use: reading halves, and what venues declare. */
  sources: Sources;
  /** What the rules need to know of every venue a policy may name. */
  venues: ReadonlyMap<string, { capabilities: VenueCapabilities; insideAddress: string | null }>;
  /** Opens, checks, and keeps. */
  store(name: string): Promise<Store>;
  /** Where the material of a key lies: in its store, or in that and the one its policy names for passphrases. */
  materialStore(key: Pick<Key, 'store' | 'passphrase'>): Promise<Store>;
  /** Asks nobody. */
  venue(name: string): Promise<Venue>;
  keys: Keys;
  /** Everybody who is told: notifiers first, then hooks. Asks nobody. */
  channels(): Promise<Channel[]>;
  /** True where acting on a turned clock can harm nobody: files on this machine and a venue that is a simulation. */
  isRehearsal(store: string, venue: string): boolean;
  /** Closes every store that was opened. Never throws. */
  close(): Promise<void>;
}

/** `onRequest` is told of every request to a store or venue. */
export function wire(configuration: Configuration<typeof KINDS>, clock: Clock, onRequest?: OnRequest): Ports {
  const { folder } = configuration;
  let channels: Promise<Channel[]> | undefined;
  const keys = nodeKeys();
  const storeEntry = (name: string) => entry(configuration.stores, name, 'store');
  const venueEntry = (name: string) => entry(configuration.venues, name, 'venue');
  const opened: StoreReader[] = [];
  const openStore = once(async (name: string) => {
    const { kind, ...options } = storeEntry(name);
    const open = await storeKind(kind).load();
    // Parsed by the schema of its own kind, which the compiler cannot follow through a table.
    const { reader, store } = open(options as never, { clock, folder });
    opened.push(reader);
    return { reader: timedStore(reader, name, onRequest), store: timedStore(store, name, onRequest) };
  });
  const store = once(async (name: string) => {
    const { store } = await openStore(name);
    await store.check('records');
    return store;
  });
  const capabilities = (name: string) => venueKind(venueEntry(name)).capabilities(venueEntry(name));
  return {
    sources: {
      stores: Object.keys(configuration.stores),
      reader: async (name) => (await openStore(name)).reader,
      capabilities: once(capabilities),
      proof: (name): ProofRule => venueEntry(name).proof,
      claimMargin: configuration.claim.margin,
    },
    venues: new Map(
      Object.entries(configuration.venues).map(([name, { inside }]) => [
        name,
        { capabilities: capabilities(name), insideAddress: inside?.address ?? null },
      ]),
    ),
    store,
    async materialStore({ store: name, passphrase }) {
      const home = typeof passphrase === 'object' ? passphrase.store : null;
      const others = Object.keys(configuration.stores).filter((each) => each !== name && each !== home);
      return splitCustody(await store(name), {
        home: home === null ? null : await store(home),
        elsewhere: () => Promise.all(others.map(store)),
      });
    },
    venue: once(async (name) => {
      const entry = venueEntry(name);
      const { inside, outside } = entry;
      const open = await venueKind(entry).load();
      const venue = open(entry, {
        clock,
        keys,
        folder,
        insideProxy: inside?.proxy ?? null,
        outsideProxy: outside?.proxy ?? null,
      });
      return timedVenue(venue, name, onRequest);
    }),
    keys,
    channels: () => {
      channels ??= Promise.all([
        ...Object.entries(configuration.notifiers).map(([name, each]) =>
          notifierChannel(name, each, { clock, folder }),
        ),
        ...Object.entries(configuration.hooks).map(([name, each]) => hookChannel(name, each, { clock, folder })),
      ]);
      return channels;
    },
    isRehearsal: (store, venue) => storeEntry(store).kind === 'directory' && isLoopback(addressOf(venueEntry(venue))),
    async close() {
      await Promise.all(opened.splice(0).map((store) => store.close()));
    },
  };
}

type StoreEntry = Configuration<typeof KINDS>['stores'][string];

const storeKind = (kind: StoreEntry['kind']): StoreKind<never> => STORES[kind];

type Entries = Configuration<typeof KINDS>;

async function notifierChannel(
  name: string,
  entry: Entries['notifiers'][string],
  dependencies: NotifierDependencies,
): Promise<Channel> {
  const kind = NOTIFIERS[entry.kind] as NotifierKind<typeof entry>;
  const keepsIncidents = kind.keepsIncidents ?? false;
  const audience = { on: entry.on, owners: entry.owners ?? null, keepsIncidents };
  const { quiet } = entry;
  const open = await kind.load();
  return {
    name: `notifiers/${name}`,
    hears: (notification) => hears(audience, notification),
    isSilent: (now) => quiet !== undefined && isQuiet(quiet, now),
    keepsIncidents,
    digest: entry.digest ? 'always' : keepsIncidents ? 'never' : 'when-many',
    notifier: open(entry, dependencies),
  };
}

async function hookChannel(
  name: string,
  entry: Entries['hooks'][string],
  dependencies: NotifierDependencies,
): Promise<Channel> {
  const kind = HOOKS[entry.kind] as NotifierKind<typeof entry>;
  const concern = { keys: entry.keys ?? null, applications: entry.applications ?? null };
  const open = await kind.load();
  return {
    name: `hooks/${name}`,
    hears: (notification) => concerns(concern, notification),
    isSilent: () => false,
    keepsIncidents: false,
    digest: 'never',
    notifier: open(entry, dependencies),
  };
}

type VenueEntry = Configuration<typeof KINDS>['venues'][string];

/** An entry was parsed by the options of its own kind, which the compiler cannot follow through a table. */
const venueKind = ({ kind }: VenueEntry) => VENUES[kind] as VenueKind<VenueEntry>;

function entry<E>(entries: Readonly<Record<string, E>>, name: string, what: string): E {
  const found = entries[name];
  if (found) return found;
  throw new KeyturnError('invalid', `there is no ${what} named ${name}`, {
    hint: `known: ${Object.keys(entries).join(', ')}; define it in keyturn.yaml`,
  });
}

/** Makes each named thing when it is first asked for, and only once; what came to nothing is tried again the next time. */
function once<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const value = make(name);
    made.set(name, value);
    if (value instanceof Promise) value.catch(() => made.delete(name));
    return value;
  };
}

const addressOf = (entry: VenueEntry): string => (entry.kind === 'manual' ? manualAddress(entry) : entry.baseUrl);

export { createEmbeddedIdentities, type IamRole, iamPolicy, vaultPolicy } from '../providers/index.ts';
