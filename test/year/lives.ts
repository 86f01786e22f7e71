import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Key } from '../../src/core/policy.ts';
import type { EvidenceEntry } from '../../src/core/record.ts';
import { readRecord } from '../../src/records.ts';
import { createEmbeddedIdentities } from '../../src/wire.ts';
import { openWorkspace } from '../../src/workspace.ts';
import { bundled } from '../crash/processes.ts';
import { seeded } from '../seeded.ts';
import { environmentOf } from './channels.ts';
import { FROM, policyOf } from './desks.ts';
import type { Life } from './driver.ts';
import { type Delivery, type LastMessage, type Listening, startEars } from './ears.ts';

/** A year of `serve` with the clock turned, killed again and again and started anew; and what is left of it. */
export interface Year {
  keys: KeptKey[];
  passes: Pass[];
  deliveries: Delivery[];
  /** How the daemon died each time, in order; it lives once more than it dies. */
  deaths: Death[];
}

export interface KeptKey {
  key: Key;
  /** By their evidence, the first one first. */
  generations: Evidence[];
}

export type Evidence = readonly EvidenceEntry[];

/** By the turned clock. */
export interface Pass {
  at: Date;
  isWhole: boolean;
}

/** At a file operation of the store, or over a message. */
export type Death = 'at work' | LastMessage;

export interface Choices {
  seed: number;
  /** Of each desk. */
  keys: number;
  /** About how often it is killed. */
  kills: number;
}

/** Moments that one key passes in a year, and messages about it. */
const MOMENTS_OF_A_KEY = 9_000;
const MESSAGES_OF_A_KEY = 60;
/** One after the other. */
const DEATHS: readonly Death[] = ['at work', 'unanswered', 'at work', 'unheard', 'at work', 'answered'];

export async function liveThroughAYear({ seed, keys, kills }: Choices): Promise<Year> {
  const random = seeded(seed);
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-year-'));
  const programs = await bundled({ driver: 'test/year/driver.ts' });
  const deaths: Death[] = [];
  let fate: Listening['fate'] = () => 'goes on';
  let kill = () => {};
  const ears = await startEars({
    life: () => deaths.length,
    now: () => diaryOf(folder).at(-1)?.at ?? new Date(FROM),
    fate: () => fate(),
    kill: () => kill(),
  });

  /** Null when the year was over before. */
  async function live(): Promise<Death | null> {
    const death = DEATHS[deaths.length % DEATHS.length] ?? 'at work';
    const share = random();
    const nth = (ofAKey: number) => Math.ceil(share * 2 * ((ofAKey * 2 * keys) / kills));
    const life: Life = {
      folder,
      from: nextStart(folder),
      seed,
      moment: death === 'at work' ? nth(MOMENTS_OF_A_KEY) : null,
    };
    const daemon = spawn(process.execPath, [join(programs, 'driver.mjs'), JSON.stringify(life)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...environmentOf(ears.url) },
    });
    let messages = 0;
    const last = nth(MESSAGES_OF_A_KEY);
    fate = () => (death !== 'at work' && ++messages === last ? death : 'goes on');
    kill = () => daemon.kill('SIGKILL');
    return (await endOf(daemon)) === 'killed' ? death : null;
  }

  try {
    await createEmbeddedIdentities(join(folder, '.keyturn'));
    await mkdir(join(folder, 'policies'));
    await writeFile(join(folder, 'policies/desk.yaml'), policyOf(keys));
    for (let death = await live(); death !== null; death = await live()) deaths.push(death);
    return { keys: await keptIn(folder), passes: passesIn(folder), deliveries: ears.deliveries, deaths };
  } finally {
    await ears.close();
    await Promise.all([folder, programs].map((each) => rm(each, { recursive: true, force: true })));
  }
}

/** Throws what it said where it ended in any other way. */
async function endOf(daemon: ChildProcessByStdio<null, null, Readable>): Promise<'killed' | 'over'> {
  let said = '';
  daemon.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const [status, signal] = await once(daemon, 'close');
  if (signal === 'SIGKILL') return 'killed';
  if (status === 0) return 'over';
  throw new Error(`the daemon ended with ${status ?? signal}: ${said}`);
}

function diaryOf(folder: string): { what: string; at: Date }[] {
  const lines = readFileSync(join(folder, 'diary'), { encoding: 'utf8', flag: 'a+' }).split('\n').filter(Boolean);
  return lines.map((line) => line.split(' ')).map(([what = '', at = '']) => ({ what, at: new Date(at) }));
}

/** Twenty minutes after it was seen the last time: until then it would respect the claim of the one that was killed. */
function nextStart(folder: string): string {
  const seen = diaryOf(folder).at(-1);
  return seen ? new Date(seen.at.getTime() + 20 * 60_000).toISOString() : FROM;
}

function passesIn(folder: string): Pass[] {
  const diary = diaryOf(folder).filter(({ what }) => what !== 'woken');
  return diary.flatMap(({ what, at }, index) =>
    what === 'began' ? [{ at, isWhole: diary[index + 1]?.what === 'ended' }] : [],
  );
}

async function keptIn(folder: string): Promise<KeptKey[]> {
  const paths = { config: join(folder, 'keyturn.yaml'), policies: join(folder, 'policies') };
  const { keys, ports } = await openWorkspace(paths);
  const store = await ports.store('local');
  return Promise.all(
    keys.map(async (key) => {
      const record = await readRecord(store, key.storedAs);
      const numbers = await store.listGenerations(key.storedAs);
      const generations = numbers.map(async (number): Promise<Evidence> => {
        const document = await store.readEvidence(key.storedAs, number);
        if (document !== null) return JSON.parse(document).entries;
        return record?.generations.find(({ generation }) => generation === number)?.evidence ?? [];
      });
      return { key, generations: await Promise.all(generations) };
    }),
  );
}
