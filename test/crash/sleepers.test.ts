import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aLife, type Give, type Life, unharmed } from './life.ts';
import type { Answer } from './orders.ts';
import { bundledPrograms, type Worker } from './processes.ts';

/**
 * A worker is frozen (SIGSTOP, as a suspended virtual machine is) in the middle of a step, for so long that its claim ends:
 * another one completes this rotation and the next. Then it wakes, where it stood, and must do no harm.
 */
const MOMENTS = [
  'putMaterial',
  'rename gen/N',
  'link record/N',
  'link promotions/N',
  'unlink key.pem.age',
  'record destroyed',
];

let programs: string;
let life: Life;
beforeAll(async () => {
  programs = await bundledPrograms();
  life = await aLife({ programs, workers: 2 });
});
afterAll(async () => {
  await life?.close();
  await rm(programs, { recursive: true });
});

/** The first worker falls asleep; the second one works from then on. */
function sleepingBefore(what: string, sleeper: Worker): { give: Give; answer: () => Promise<Answer | null> } {
  let answer: Promise<Answer | null> | null = null;
  return {
    answer: () => answer ?? Promise.reject(new Error('it did not fall asleep')),
    async give(worker, order) {
      if (order.order !== 'pass') return worker.ask(order);
      if (worker !== sleeper) return answer && worker.ask(order);
      if (answer) return null;
      const naps = worker.naps();
      const asked = worker.ask({ ...order, stop: { moment: 'before', what, sleeps: true } });
      const asleep = (async () => {
        while (worker.naps() === naps) await sleep(5);
      })();
      const first = await Promise.race([asked, asleep]);
      if (first) return first;
      answer = asked;
      return null;
    },
  };
}

describe('a worker sleeps past its claim', () => {
  for (const what of MOMENTS) {
    it(`before: ${what}`, async () => {
      const [sleeper] = life.workers as [Worker, Worker];
      const { give, answer } = sleepingBefore(what, sleeper);
      await life.rotate({ give });
      await life.rotate({ give });
      sleeper.wake();
      const { bug, error, conflict } = (await answer()) ?? {};
      expect({ bug, isFine: error === undefined || conflict === true, error }).toMatchObject({
        bug: undefined,
        isFine: true,
      });
      await life.rotate({ give: unharmed });
    });
  }
});
