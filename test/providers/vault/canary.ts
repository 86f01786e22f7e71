import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { createLogger } from '../../../src/log.ts';
import type { Store } from '../../../src/ports/store.ts';
import { aPair } from '../../contract/cases/material.ts';
import type { Bao } from '../../programs/bao.ts';
import { type Fault, startFaultProxy } from '../../programs/fault-proxy.ts';
import { aKey, aStore, PLACE, tokenLogin } from './given.ts';

/** 48: whatever fails and however it is printed, neither a private half, nor its passphrase, nor the token shows. */
export function canary(server: () => Bao): void {
  const FAULTS: Fault[] = [
    { kind: 'reset-before' },
    { kind: 'reset-after' },
    { kind: 'hang' },
    { kind: 'answer', status: 500, body: '{"errors":["boom"]}' },
    { kind: 'answer', status: 400, body: '{"errors":["no"]}' },
    { kind: 'answer', status: 403, body: '{"errors":["permission denied"]}' },
    { kind: 'answer', status: 307, headers: { location: 'http://127.0.0.1:1/' } },
    { kind: 'answer', status: 200, body: 'not json' },
    { kind: 'answer', status: 200, body: '{"data":{}}' },
  ];

  it('48 no secret shows in errors, logs, inspected values, JSON or the audit log', async () => {
    const proxy = await startFaultProxy({ upstream: server().address, ca: await readFile(server().ca) });
    onTestFinished(() => proxy.close());
    const auth = await tokenLogin(server(), 'worker');
    const options = { address: proxy.address, auth };
    const pair = await aPair();
    const secrets = [
      pair.passphrase?.revealText() ?? '',
      ...pair.privateKey.revealText().split('\n').slice(1, -2),
      (await readFile(auth.token.file, 'utf8')).trim(),
    ];
    expect(secrets.every((secret) => secret.length >= 20)).toBe(true);
    let printed = '';
    const log = createLogger({
      level: 'trace',
      paint: null,
      stream: {
        write(line: string) {
          printed += line;
          return true;
        },
      },
    });
    const print = (value: unknown) => {
      printed += `${inspect(value, { depth: null, showHidden: true })}${JSON.stringify(value)}${String(value)}`;
      log.error({ err: value, value }, 'it failed');
    };
    const failures: unknown[] = [];

    async function exercise(store: Store, key: string): Promise<void> {
      const calls = [
        () => store.putMaterial(key, 1, pair),
        () => store.readMaterial(key, 1),
        () => store.promote(key, { from: null, to: 1, apiKey: 'k1' }),
        () => store.retireMaterial(key, 1),
      ];
      for (const call of calls) await call().then(print, (error) => failures.push(error));
    }
    for (const fault of FAULTS) {
      const store = await aStore(server(), { options, deadline: 200 });
      const key = aKey();
      await exercise(store, key);
      proxy.breaks(new RegExp(`${PLACE.prefix}/desk`), fault, Number.POSITIVE_INFINITY);
      await exercise(store, aKey());
      await exercise(store, key);
      proxy.heals();
      print(store);
    }
    failures.forEach(print);
    expect(failures.length).toBeGreaterThan(FAULTS.length * 4);
    const audit = await server().audit();
    expect(audit).toContain('/gen/1');
    const shown = secrets.filter((secret) => printed.includes(secret) || audit.includes(secret));
    expect(shown).toHaveLength(0);
  });
}
