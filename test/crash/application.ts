import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { started } from './processes.ts';

/** Keeps the first round in which the application found no whole key, or one that the venue refused. */
export function anApplication(programs: string, folder: string, url: string) {
  const program = started(join(programs, 'consumer.mjs'), folder, url);
  const application = {
    mayBeRefused: false,
    rounds: 0,
    failure: null as string | null,
    /** Waits until it has used its key once more, from start to end. */
    async round(): Promise<void> {
      // The round that is under way began before.
      const wanted = application.rounds + 2;
      while (application.failure === null && application.rounds < wanted) await sleep(2);
      assert.equal(application.failure, null);
    },
    end: () => program.end(),
  };
  const watch = async () => {
    for (let line = await program.line(); line !== null; line = await program.line()) {
      application.rounds += 1;
      const isFine = line.startsWith('accepted') || (application.mayBeRefused && line.startsWith('refused'));
      if (!isFine) application.failure ??= line;
    }
    application.failure ??= `it ended: ${program.output()}`;
  };
  void watch();
  return application;
}
