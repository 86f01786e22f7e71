import { nodeKeys } from '../../providers/keys.ts';
import { memoryStore } from '../../providers/stores/memory.ts';
import { openBinance } from '../../providers/venues/binance.ts';
import { recordKeyId } from '../../src/commands/register.ts';
import type { Key } from '../../src/core/policy.ts';
import type { KeyRecord } from '../../src/core/record.ts';
import { type Task, tasksOf } from '../../src/core/tasks.ts';
import type { Sources } from '../../src/gather.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Store } from '../../src/ports/store.ts';
import { readRecord } from '../../src/records.ts';
import { act } from '../../src/steps/act.ts';
import { type RotationRequest, requestRotation } from '../../src/steps/request-rotation.ts';
import { type KeyReport, type Looked, look, type PassDependencies, pass } from '../../src/tick.ts';
import { aKey } from '../build.ts';
import { aMoodyVenue, type MoodyVenue } from './moody-venue.ts';
import { Death, mortal } from './mortal.ts';

/** Two keys of one account, everything real but time: steps, store contract in memory, Binance client, sandbox over HTTP. */

const PROOF = { groups: 2, apart: 600 };
const CLAIM = { for: 900, margin: 120 };

export interface World {
  venue: MoodyVenue;
  store: Store;
  /** What the policy says; deeds edit it. */
  keys: [Key, Key];
  clock: Clock;
  /** True time, in milliseconds, and how far this machine's clock is off. */
  time: { now: number; skew: number };
  /** How often the venue denied each key id in a whole pass. */
  denials: Map<string, number>;
  /** One look at everything by a worker who may act on it later. */
  look(): Promise<Looked>;
  /** Reports, or null when the worker died on the way. */
  act(looked: Looked, worker: Worker): Promise<KeyReport[] | null>;
  record(key: Key): Promise<KeyRecord | null>;
  tasks(key: Key): Promise<Task[]>;
  handIn(key: Key, apiKey: string): Promise<unknown>;
  rotate(key: Key, request: RotationRequest): Promise<void>;
}

export interface Worker {
  name: string;
  /** Dies right after this many writes to the store; undefined: does not. */
  writes?: number | undefined;
}

export async function aWorld(): Promise<World> {
  const time = { now: Date.UTC(2026, 5, 1, 12), skew: 0 };
  const clock = { now: () => new Date(time.now + time.skew) };
  const venue = await aMoodyVenue(() => new Date(time.now));
  const store = memoryStore({ clock });
  const crypto = nodeKeys();
  const open = () =>
    openBinance(
      { baseUrl: venue.url },
      { clock, keys: crypto, folder: '.', insideProxy: null, outsideProxy: null, timeoutMs: 10_000 },
    );
  const { capabilities } = open();
  const sources: Sources = {
    stores: ['local'],
    reader: async () => store,
    capabilities: () => capabilities,
    proof: () => PROOF,
    claimMargin: CLAIM.margin,
  };
  const name = (id: string) =>
    aKey({ id: `desk/${id}`, account: 'desk', name: id, algorithm: 'ed25519', ipAllowlist: ['127.0.0.1'] });

  const world: World = {
    venue,
    store,
    keys: [name('spot'), name('bot')],
    clock,
    time,
    denials: new Map(),
    look: () => look(sources, world.keys, clock.now()),
    async act(looked, { name: by, writes }) {
      const tools = {
        store: mortal(store, writes),
        venue: open(),
        keys: crypto,
        clock,
        proof: PROOF,
        claim: CLAIM,
        by,
      };
      const dependencies: PassDependencies = {
        sources: { ...sources, reader: async () => tools.store },
        clock,
        act: (gathered, action, generation) =>
          act({ ...tools, key: gathered.key }, gathered.record, action, generation),
      };
      try {
        return await pass(dependencies, looked);
      } catch (error) {
        if (error instanceof Death) return null;
        throw error;
      }
    },
    record: (key) => readRecord(store, key.storedAs),
    async tasks(key) {
      const record = await world.record(key);
      return record === null ? [] : tasksOf(key, record, capabilities, clock.now());
    },
    handIn: (key, apiKey) =>
      recordKeyId({ keys: world.keys, clock, ports: { sources, store: async () => store } }, key, apiKey, {
        by: 'person',
      }),
    async rotate(key, request) {
      await requestRotation({ key, store, clock, by: 'person' }, await world.record(key), request);
    },
  };
  return world;
}
