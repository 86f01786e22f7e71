import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { expect, it } from 'vitest';
import type { EvidenceEntry } from '../../src/core/record.ts';
import { isOpen, mayPromote } from '../../src/core/schedule.ts';
import { readRecord } from '../../src/records.ts';
import { createEmbeddedIdentities } from '../../src/wire.ts';
import { openWorkspace } from '../../src/workspace.ts';

const FROM = '2026-01-01';
const UNTIL = '2027-01-01';
/** Between two passes, in seconds. */
const LONGEST_PAUSE = 12 * 3600;

/** The first key’s windows are the nights in which Europe changes its clocks, the other’s the working days of New York. */
const POLICY = `apiVersion: keyturn/v1
account: desk
venue: exchange
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys:
  - name: night
    application: bot
    purpose: spot-trading
    rotateEvery: 30d
    owner: desk-a
    schedule: { lead: 8d, windows: [{ days: [sun], from: "00:00", to: "08:00", timeZone: Europe/London }] }
  - name: office
    application: hedger
    purpose: futures-trading
    rotateEvery: 30d
    owner: desk-b
    schedule: { windows: [{ days: [mon, tue, wed, thu], from: "09:00", to: "16:00", timeZone: America/New_York }] }
`;

async function bundledDriver(folder: string): Promise<string> {
  const input = fileURLToPath(new URL('year-driver.ts', import.meta.url));
  const output = { dir: folder, format: 'esm', entryFileNames: 'driver.mjs' } as const;
  // It has no SSH venue, and parts of ssh2 are no JavaScript.
  await build({ input, platform: 'node', external: ['ssh2'], output, logLevel: 'silent' });
  return join(folder, 'driver.mjs');
}

/** Lets it live for a while; true when the year was over before. */
async function live(driver: string, folder: string, from: string, ms: number): Promise<boolean> {
  const daemon = spawn(process.execPath, [driver, folder, from, UNTIL], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(daemon, 'exit');
  const late = new AbortController();
  const kill = sleep(ms, null, { signal: late.signal }).then(
    () => daemon.kill('SIGKILL'),
    () => false,
  );
  const [status] = await ended;
  late.abort();
  await kill;
  if (daemon.signalCode === null) expect(status).toBe(0);
  return daemon.signalCode === null;
}

/** Twenty minutes after it was seen at work the last time: until then it would respect the claim of the one that was killed. */
async function nextStart(folder: string): Promise<string> {
  const seen = (await readFile(join(folder, 'at-work'), 'utf8').catch(() => '')).trimEnd().split('\n').at(-1);
  return seen ? new Date(Date.parse(seen) + 20 * 60_000).toISOString() : FROM;
}

it('lives through a year and both changes of the clocks, killed at random: every rotation is in its window', {
  timeout: 240_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-year-'));
  try {
    await createEmbeddedIdentities(join(folder, '.keyturn'));
    await mkdir(join(folder, 'policies'));
    await writeFile(join(folder, 'policies/desk.yaml'), POLICY);
    const driver = await bundledDriver(join(folder, 'driver'));
    let kills = 0;
    for (;;) {
      const isOver = await live(driver, folder, await nextStart(folder), 1000 + Math.random() * 5000);
      if (isOver) break;
      kills += 1;
    }
    expect(kills).toBeGreaterThan(0);

    const { keys, ports } = await openWorkspace({
      config: join(folder, 'keyturn.yaml'),
      policies: join(folder, 'policies'),
    });
    for (const { storedAs, schedule, rotateEvery } of keys) {
      const store = await ports.store('local');
      const record = await readRecord(store, storedAs);
      const numbers = await store.listGenerations(storedAs);
      const lives = await Promise.all(
        numbers.map(async (number): Promise<readonly EvidenceEntry[]> => {
          const document = await store.readEvidence(storedAs, number);
          return document === null
            ? (record?.generations.find(({ generation }) => generation === number)?.evidence ?? [])
            : JSON.parse(document).entries;
        }),
      );
      expect(lives.length).toBeGreaterThanOrEqual(12);
      for (const life of lives) {
        const at = (event: string) => new Date(life.find((entry) => entry.event === event)?.at ?? Number.NaN);
        expect([storedAs, at('generated'), isOpen(schedule, at('generated'))]).toEqual([
          storedAs,
          at('generated'),
          true,
        ]);
        if (Number.isNaN(at('promoted').getTime())) continue;
        expect(mayPromote(schedule, at('verified'), at('promoted'))).toBe(true);
        const inUse = (at('superseded').getTime() || Date.parse(UNTIL)) - at('registered').getTime();
        expect(inUse / 1000).toBeLessThan(rotateEvery + LONGEST_PAUSE);
      }
      expect(record?.history.every(({ provenDead }) => provenDead)).toBe(true);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
