import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../manual/gateway.ts';
import { describeWith } from '../programs/index.ts';
import { type Shelf, shelves } from './shelves.ts';
import { aWorld, type Setting, type World } from './world.ts';

/**
 * Whole rotations of every kind of venue on every kind of store: a first generation, a second one through the overlap, and the
 * first one deleted, proven dead and destroyed. At the time of this machine, since no clock is turned for stores elsewhere.
 */

const NOTHING_WAITS = { at: 'now', schedule: '{ overlap: 0s }' };
const PROOF = 'proof: { groups: 2, apart: 0s }';

interface VenueKind extends Setting {
  /** What is there before the first pass. */
  prepare?: (world: World) => Promise<unknown>;
  /** Whether keyturn registers and deletes without people. */
  byApi?: boolean;
  close?: () => Promise<void>;
}

const managing = (file: string) => `{ apiKey: { file: ${file}.id }, privateKey: { file: ${file}.pem } }`;

const VENUES: Record<string, () => VenueKind | Promise<VenueKind>> = {
  // First, since it takes longest: its clients ask at most once a second.
  bitget: () => ({
    kind: 'bitget',
    algorithm: 'rsa-2048',
    venue: ', accessPassphrase: { file: bitget.pass }',
    enters: { passphrase: 'correct horse' },
    prepare: (world) => world.keeps('bitget.pass', 'correct horse'),
  }),
  binance: () => ({}),
  'binance-sub-account': () => ({
    kind: 'binance-sub-account',
    venue: `, master: ${managing('master')}, emails: { desk: desk@sub.example }`,
    byApi: true,
    prepare: (world) =>
      world.managedBy('master', { account: 'main', enableReading: 'on', enableSpotAndMarginTrading: 'on' }),
  }),
  bybit: () => ({ kind: 'bybit', algorithm: 'rsa-2048', enters: { readWrite: 'on' } }),
  deribit: () => ({
    kind: 'deribit',
    venue: `, managing: { desk: ${managing('manager')} }`,
    byApi: true,
    prepare: (world) => world.managedBy('manager', { 'account:read_write': 'on' }),
  }),
  'deribit, by people': () => ({ kind: 'deribit' }),
  manual: async () => {
    const gateway = await startGateway();
    return { purpose: 'tax-data', key: ', ipAllowlist: []', service: gatewayAsVenue(gateway), close: gateway.close };
  },
};

/** The gateway of docs/manual-venues.md, and somebody who edits its file of keys. */
function gatewayAsVenue({ url, edit }: Gateway): NonNullable<Setting['service']> {
  const venue = {
    kind: 'manual',
    title: 'Settlement gateway',
    page: 'jwks.json',
    register: ['Add the key.'],
    delete: ['Remove the key.'],
    algorithms: ['ed25519'],
    publicKey: 'jwk',
    switches: [{ label: 'scopes.read', permission: 'read', path: 'scopes.read' }],
    probe: {
      http: {
        url: `${url}/whoami`,
        headers: { authorization: 'Bearer {jwt}' },
        jwt: { claims: { iss: 'keyturn', aud: 'gateway', jti: '{nonce}' }, lifetimeSeconds: 60 },
        alive: { status: 200, json: { path: 'active', equals: true } },
        dead: { status: 401, json: { path: 'error', equals: 'unknown_key' } },
      },
    },
    proof: { groups: 2, apart: '0s' },
  };
  return {
    venue: JSON.stringify(venue),
    person: {
      async register({ paste }) {
        const jwk = JSON.parse(paste) as { kid: string };
        edit((keys) => [...keys, { ...jwk, scopes: { read: true } }]);
        return jwk.kid;
      },
      delete: async ({ apiKey }) => edit((keys) => keys.filter(({ kid }) => kid !== apiKey)),
    },
  };
}

/** From nothing to a second generation whose predecessor is gone. Returns the steps of the second one. */
async function wholeRotation(world: World): Promise<string[]> {
  await world.turnsOver();
  expect(await world.status()).toMatchObject({ phase: 'steady', current: { generation: 1 } });
  await world.rotate({ reason: 'drill', compromised: null });
  const steps = [...(await world.apply())];
  const isAsked = async (what: string) => (await world.tasks()).some(({ kind }) => kind === what);
  if (await isAsked('register')) await world.registers();
  steps.push(...(await world.apply()));
  if (await isAsked('delete')) await world.deletes();
  for (let groups = 0; groups < 2; groups += 1) steps.push(...(await world.apply()));
  return steps.filter((step) => step.includes(' done '));
}

// Side by side, because some venues must be asked slowly.
describe.concurrent('whole rotations', () => {
  for (const [shelfName, { needs, open }] of shelves('directory', 'OpenBao')) {
    describeWith(needs, `on ${shelfName}`, () => {
      let shelf: Shelf;
      beforeAll(async () => {
        shelf = await open();
      });
      afterAll(() => shelf?.close());

      it.each(Object.keys(VENUES))('%s', async (name) => {
        const { prepare, byApi = false, close, ...kind } = (await VENUES[name]?.()) ?? {};
        const room = await shelf.room();
        const world = await aWorld({ ...NOTHING_WAITS, ...room, ...kind, venue: `${kind.venue ?? ''}, ${PROOF}` });
        try {
          await prepare?.(world);
          expect(await wholeRotation(world)).toEqual([
            'generate done generated',
            ...(byApi ? ['register done registered'] : []),
            'verify done verified',
            'promote done promoted',
            ...(byApi ? ['revoke done removed'] : []),
            'prove done proven-dead',
            'destroy done destroyed',
          ]);
          const record = await world.record();
          expect(record).toMatchObject({ current: 2, next: null, generations: [{ generation: 2 }] });
          expect(record.history).toMatchObject([{ generation: 1, provenDead: expect.any(String) }]);
          const store = await world.workspace.ports.sources.reader(room.store ?? 'local');
          expect(await store.statMaterial(record.key, 1)).toMatchObject({ state: 'retired' });
          expect(await store.statCurrent(record.key)).toBe(2);
        } finally {
          await world.close();
          await close?.();
        }
      });
    });
  }
});
