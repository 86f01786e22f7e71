import { cp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aLife, type Give, type Life, unharmed } from './life.ts';
import type { Order } from './orders.ts';
import { bundledPrograms } from './processes.ts';
import type { Stop } from './stops.ts';

/**
 * The crash table: a real process is killed by SIGKILL after each write and each effect of a rotation, and whoever comes
 * next must end at the same place. One key lives through all rows, one rotation each. Row R, rollback, is not among them;
 * what a dead machine forgets beside a dead process (files that were not synced) cannot be shown this way.
 */

interface Row {
  stop: Stop;
  /** Who is killed; by default a pass. */
  who?: Order['order'];
  /** Counts only once the person has deleted the old key. */
  afterDeletion?: boolean;
}

const after = (what: string, nth = 1): Stop => ({ moment: 'after', what, nth });
const before = (what: string, nth = 1): Stop => ({ moment: 'before', what, nth });

const SCHEDULED: Record<string, Row> = {
  '0 nothing: the decision to generate': { stop: before('record claim generate') },
  '1 the claim': { stop: after('record claim generate') },
  '2 the pair is in memory': { stop: before('putMaterial') },
  '2 the pair is half written': { stop: after('half of meta.json') },
  '3 the material is stored': { stop: after('putMaterial') },
  '3 the material is read back': { stop: before('record generated') },
  '4 generated is recorded': { stop: after('record generated') },
  '5 the task is recorded, nobody has seen it': { stop: after('record registration-asked') },
  '6 registered, the id not handed in': { stop: before('record registered'), who: 'register' },
  '7 the key id is recorded': { stop: after('record registered'), who: 'register' },
  '7 nothing is probed yet': { stop: before('verify conditions') },
  '8 verified, unrecorded': { stop: after('verify probe') },
  '9 verified is recorded': { stop: after('record verified') },
  '9 the intent to promote': { stop: after('record claim promote') },
  '10 the key id stands beside the material': { stop: after('link api-key.txt') },
  '10 promoted, readers not shown yet': { stop: after('link promotions/N') },
  '10 promoted, unrecorded': { stop: after('promote') },
  '11 the overlap is recorded': { stop: after('record promoted') },
  '12 the current key was seen alive, deletion not asked for': { stop: before('record deletion-asked') },
  '12 the deletion task is recorded': { stop: after('record deletion-asked') },
  '13 deleted, not probed': { stop: before('prove conditions'), afterDeletion: true },
  '13 seen dead, unrecorded': { stop: before('record probed seen-dead') },
  '13 seen dead once, recorded': { stop: after('record probed seen-dead') },
  '13 seen dead twice, unrecorded': { stop: before('record proven-dead') },
  '14 proven dead is recorded': { stop: after('record proven-dead') },
  '15 the intent to destroy': { stop: after('record claim destroy') },
  '16 marked as destroyed, both private files there': { stop: before('unlink key.pem.age') },
  '16 half destroyed': { stop: after('unlink key.pem.age') },
  '17 destroyed, the evidence not closed': { stop: after('retireMaterial') },
  '17 the evidence is closed, unrecorded': { stop: after('putEvidence') },
  '17 destroyed is recorded': { stop: after('record destroyed') },
};

const COMPROMISED: Record<string, Row> = {
  'nobody knows yet': { stop: before('record declared-compromised'), who: 'rotate' },
  'the request is recorded': { stop: after('record declared-compromised'), who: 'rotate' },
  'deletion is not asked for yet': { stop: before('record deletion-asked') },
  'the deletion task is recorded': { stop: after('record deletion-asked') },
  'the claim for the replacement': { stop: after('record claim generate') },
  'the replacement is stored': { stop: after('putMaterial') },
  'the replacement is recorded': { stop: after('record generated') },
  'its task is recorded': { stop: after('record registration-asked') },
  'it is registered, the id not handed in': { stop: before('record registered'), who: 'register' },
  'it is verified': { stop: after('record verified') },
  'consumers were moved, unrecorded': { stop: after('promote') },
  'consumers were moved': { stop: after('record promoted') },
  'the leaked key was seen dead': { stop: after('record probed seen-dead') },
  'the leaked key is proven dead': { stop: after('record proven-dead') },
  'its private half is destroyed, unrecorded': { stop: after('retireMaterial') },
};

let programs: string;
let life: Life;
beforeAll(async () => {
  programs = await bundledPrograms();
  life = await aLife({ programs, workers: 1 });
});
afterAll(async () => {
  await life?.close();
  await rm(programs, { recursive: true });
});

/** Kills at the row's place, once. */
function killingAt({ stop, who = 'pass', afterDeletion = false }: Row): { give: Give; killed: () => boolean } {
  let killed = false;
  const deletions = life.person.deleted.length;
  return {
    killed: () => killed,
    async give(worker, order) {
      const isTime = order.order === who && !killed && (!afterDeletion || life.person.deleted.length > deletions);
      const answer = await worker.ask(isTime ? { ...order, stop } : order);
      killed ||= answer === null;
      return answer;
    },
  };
}

describe('X: the record', () => {
  const DAMAGES: Record<string, { damage: (records: string) => Promise<void>; says: RegExp }> = {
    'is lost': {
      damage: (records) => rm(records, { recursive: true }),
      says: /holds generation .* but no record of it; restore the record from a backup/,
    },
    'is damaged': {
      damage: async (records) => {
        const newest = (await readdir(records)).sort().at(-1) ?? '';
        await writeFile(join(records, newest), '{"v":1,');
      },
      says: /cannot be read; nothing is done for this key until it is repaired: restore the record/,
    },
  };
  for (const [title, { damage, says }] of Object.entries(DAMAGES)) {
    it(`${title}: nothing is touched until somebody brings it back`, async () => {
      const key = join(life.folder, '.keyturn/store/desk/spot');
      const [records, backup] = [join(key, 'record'), join(life.folder, 'records')];
      await cp(records, backup, { recursive: true });
      await damage(records);
      const before = await readdir(key, { recursive: true });
      const [worker] = life.workers;
      expect(await worker?.ask({ order: 'pass' })).toMatchObject({ actions: [] });
      expect((await life.look()).decision).toMatchObject({ action: null, message: expect.stringMatching(says) });
      expect(await readdir(key, { recursive: true })).toEqual(before);
      await rm(records, { recursive: true, force: true });
      await rename(backup, records);
      await life.rotate({ give: unharmed });
    });
  }
});

for (const [compromised, rows] of [
  [false, SCHEDULED],
  [true, COMPROMISED],
] as const) {
  describe(`${compromised ? 'the key leaked; ' : ''}a process is killed after`, () => {
    for (const [title, row] of Object.entries(rows)) {
      it(title, async () => {
        const { give, killed } = killingAt(row);
        await life.rotate({ compromised, give });
        expect(killed()).toBe(true);
      });
    }
  });
}
