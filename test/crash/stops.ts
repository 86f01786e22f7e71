import { writeSync } from 'node:fs';

/**
 * Where a worker can be stopped: before and after each file operation of the store, each call of a port and each request.
 * It then ends by SIGKILL, as `kill -9` or the kernel ends it: no handler runs, no buffer is flushed, nothing is given back.
 */
export type Stop =
  /** At the first thing of this name, or the nth; `sleeps`: only frozen by SIGSTOP there, until somebody wakes it. */
  | { moment: 'before' | 'after'; what: string; nth?: number; sleeps?: true }
  /** At whatever is the nth to happen. */
  | { operation: number };

let stop: Stop | null = null;
let operations = 0;
let seen = 0;

/** Counting starts anew. */
export function stopAt(next: Stop | null): void {
  stop = next;
  operations = 0;
  seen = 0;
}

/** How many moments have passed since. */
export const operationsPassed = (): number => operations;

export function passing(moment: 'before' | 'after', what: string): void {
  operations += 1;
  if (stop === null || !isReached(stop, moment, what)) return;
  if ('sleeps' in stop) {
    writeSync(2, 'asleep\n');
    process.kill(process.pid, 'SIGSTOP');
    return;
  }
  writeSync(2, `killed ${moment} ${what}\n`);
  process.kill(process.pid, 'SIGKILL');
  // Not one instruction more, however late the signal comes.
  for (;;);
}

function isReached(wanted: Stop, moment: 'before' | 'after', what: string): boolean {
  if ('operation' in wanted) return operations === wanted.operation;
  if (wanted.moment !== moment || wanted.what !== what) return false;
  seen += 1;
  return seen === (wanted.nth ?? 1);
}

/** The same function with a moment before and one after it. */
export const stoppable =
  <Arguments extends unknown[], Result>(
    run: (...given: Arguments) => Promise<Result>,
    nameOf: (...given: Arguments) => string | Promise<string>,
  ) =>
  async (...given: Arguments): Promise<Result> => {
    const name = await nameOf(...given);
    passing('before', name);
    const result = await run(...given);
    passing('after', name);
    return result;
  };

/** The same port, all of whose methods are asynchronous, with a moment before and one after each call. */
export function withStops<Port extends object>(
  port: Port,
  nameOf: (method: string, given: unknown[]) => string | Promise<string>,
): Port {
  return new Proxy(port, {
    get(target, method) {
      const value: unknown = Reflect.get(target, method);
      if (typeof value !== 'function') return value;
      return stoppable(
        async (...given: unknown[]) => (await Reflect.apply(value, target, given)) as unknown,
        (...given) => nameOf(String(method), given),
      );
    },
  });
}
