import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { serve } from '../../src/commands/serve.ts';
import { createLogger } from '../../src/log.ts';
import type { SetAlarm } from '../../src/serve/alarm.ts';
import { terminalOf } from '../../src/terminal.ts';
import { judge, tell } from './measure.ts';
import { aWorld, KEYTURN } from './world.ts';

/** The daemon over many passes, whose memory must stay flat, and between two passes, when it must cost next to nothing. */

const IS_QUICK = process.argv.includes('--quick');
const PASSES = IS_QUICK ? 1000 : 10_000;
const IDLE_SECONDS = IS_QUICK ? 20 : 60;
const KEYS = 10;
const MIB = 2 ** 20;

const world = await aWorld(KEYS, { algorithm: 'ed25519', windows: '' });
writeFileSync(join(world.folder, 'keyturn.yaml'), 'apiVersion: keyturn/v1\nserve: { listen: "127.0.0.1:0" }\n');

await memory();
if (process.platform === 'linux') await idle();
else tell('what it costs between passes is measured on Linux only');
world.close();

/** Rings as soon as the pass before has ended. */
async function memory(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const end = new AbortController();
  const samples: { heap: number; rss: number }[] = [];
  const tireless: SetAlarm = (_, ring) => {
    void (async () => {
      for (let pass = 1; pass <= PASSES; pass++) {
        await ring();
        if (pass % (PASSES / 10) !== 0) continue;
        collect();
        const { heapUsed, rss } = process.memoryUsage();
        samples.push({ heap: heapUsed / MIB, rss: rss / MIB });
        tell(`${pass} passes: heap ${(heapUsed / MIB).toFixed(1)} MiB, resident ${(rss / MIB).toFixed(0)} MiB`);
      }
      end.abort();
    })();
    return { untilRung: () => 60_000, stop: () => undefined };
  };
  const { stdin, stdout, stderr } = process;
  const log = createLogger({ level: 'silent', stream: stderr, paint: null });
  const terminal = terminalOf({ stdin, stdout, stderr, env: {} }, { quiet: true });
  const io = { stdin, stdout, stderr, terminal, log: async () => log, env: {}, signal: end.signal, onHangup() {} };
  const options = { config: join(world.folder, 'keyturn.yaml'), policies: join(world.folder, 'policies') };
  await serve(options, io, tireless);
  const [warm, last] = [samples[1], samples.at(-1)];
  if (!warm || !last) throw new Error('no pass was made');
  judge(`heap after ${PASSES} passes / after ${PASSES / 5}`, last.heap / warm.heap, { atMost: 1.05 });
  judge(`resident after ${PASSES} passes / after ${PASSES / 5}`, last.rss / warm.rss, { atMost: 1.2 });
}

/** The built daemon, by the clock of its process: user and system time, in hundredths of a second. */
async function idle(): Promise<void> {
  const daemon = spawn(process.execPath, [KEYTURN, 'serve'], {
    cwd: world.folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const used = (): number => {
    const fields = readFileSync(`/proc/${daemon.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  };
  for await (const chunk of daemon.stderr) if (String(chunk).includes('pass-finished')) break;
  // What a start leaves behind, collecting garbage and compiling, takes its time.
  await sleep(5000);
  const before = used();
  await sleep(IDLE_SECONDS * 1000);
  const share = (used() - before) / IDLE_SECONDS;
  tell(`${IDLE_SECONDS} s between passes: ${(share * 100).toFixed(2)} % of a core`);
  judge('idle / 0.5 % of a core', share / 0.005, { atMost: 1 });
  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
}
