import { existsSync, writeFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aDesk, type Desk } from './desk.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await aDesk();
});
afterEach(() => desk.close());

describe('the daemon', () => {
  it('makes a pass at its start, is ready, tells how it goes, and ends with 0 when it is told to', async () => {
    const daemon = await desk.serve();
    const finished = await daemon.line('pass-finished');
    expect(finished).toMatchObject({ keys: 1, steps: 2, failed: 0, run: expect.any(String) });
    const steps = daemon.lines.filter(({ event }) => event === 'step');
    expect(steps).toMatchObject([
      { run: finished.run, key: 'desk/spot', action: 'generate', outcome: 'done', reason: 'generated' },
      { run: finished.run, key: 'desk/spot', action: 'register', outcome: 'waiting', reason: 'registration-asked' },
    ]);
    expect(await daemon.get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
    expect(await daemon.get('/readyz')).toEqual({ status: 200, text: 'ok\n' });
    expect((await daemon.get('/metrics')).text).toContain('keyturn_key_phase{key="desk/spot",phase="registering"} 1');
    expect((await daemon.get('/')).status).toBe(404);
    daemon.process.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(daemon.lines.at(-1)).toMatchObject({ event: 'stopped' });
  });

  it('finishes the step in hand when it is interrupted, begins no other, and the next one goes on', async () => {
    await desk.policy(', algorithm: rsa-4096');
    const daemon = await desk.serve();
    // The intent is recorded before the pair is made, which takes a while at this size.
    await vi.waitUntil(() => existsSync(join(desk.folder, '.keyturn/store/desk/spot/record')), { timeout: 20_000 });
    daemon.process.kill('SIGINT');
    expect(await daemon.ended).toBe(0);
    const steps = daemon.lines.filter(({ event }) => event === 'step').map(({ action }) => action);
    expect(steps).toEqual(['generate']);
    expect(daemon.lines.map(({ event }) => event)).toContain('pass-interrupted');
    const next = await desk.serve();
    await next.line('pass-finished');
    expect(next.lines.filter(({ event }) => event === 'step')).toMatchObject([{ action: 'register' }]);
  });
});

describe('SIGHUP', () => {
  it('takes over what changed, and keeps the old where the new is invalid', async () => {
    const daemon = await desk.serve();
    await daemon.line('pass-finished');
    await desk.policy(' }, { name: tax, application: tax, purpose: tax-data, rotateEvery: 60d, owner: desk-b');
    daemon.process.kill('SIGHUP');
    expect(await daemon.line('reloaded')).toMatchObject({ keys: 2 });
    await desk.policy(', rotatEvery: 30d');
    daemon.process.kill('SIGHUP');
    const refused = await daemon.line('reload-refused');
    expect(refused).toMatchObject({ level: 'error', err: { message: expect.stringContaining('desk.yaml:5:') } });
    const { text } = await daemon.get('/metrics');
    expect(text).toContain('keyturn_config_last_reload_successful 0');
    expect((await daemon.get('/readyz')).status).toBe(200);
  });
});

describe('trouble', () => {
  it('a store that does not answer is logged, makes it unready, and is asked again', async () => {
    await desk.run('apply', '--yes');
    const store = join(desk.folder, '.keyturn/store');
    await rename(store, `${store}.away`);
    writeFileSync(store, 'no folder');
    const daemon = await desk.serve();
    const failed = await daemon.line('key-failed');
    expect(failed).toMatchObject({ level: 'error', run: expect.any(String), reason: 'record-unreadable' });
    expect((await daemon.get('/healthz')).status).toBe(200);
    const ready = await daemon.get('/readyz');
    expect(ready.status).toBe(503);
    expect(ready.text).toMatch(/^store local: /m);
    await rm(store);
    await rename(`${store}.away`, store);
    expect((await daemon.get('/readyz')).text).not.toMatch(/store local/);
  });

  it.each([
    ['day of month with day of week', 'schedule: "0 0 13 * 5"', /keyturn\.yaml:3:20 schedule must leave day of month/],
    ['a seconds field', 'schedule: "0 */5 * * * *"', /keyturn\.yaml:3:20 schedule must have five fields/],
    ['an unknown time zone', 'timeZone: Europe/Lundon', /keyturn\.yaml:3:20 timeZone must be a time zone/],
    ['no port', 'listen: "127.0.0.1"', /keyturn\.yaml:3:18 listen must be an address and a port/],
    ['a port beyond the last', 'listen: "127.0.0.1:70000"', /keyturn\.yaml:3:18 listen must have a port up to 65535/],
  ])('%s is refused at its line', async (_, serve, says) => {
    await desk.configure(serve);
    const { status, stderr } = await desk.run('serve');
    expect(status).toBe(65);
    expect(stderr).toMatch(says);
  });

  it('a port that is in use is refused at its line', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => other.once('listening', listening));
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await desk.configure(`listen: "127.0.0.1:${port}"`);
    const { status, stderr } = await desk.run('serve');
    other.close();
    expect(status).toBe(1);
    expect(stderr).toMatch(/keyturn\.yaml:3:18 serve\.listen: 127\.0\.0\.1:\d+ cannot be listened on: another program/);
  });

  it('another time than now is refused for what is no rehearsal', async () => {
    await writeFile(
      join(desk.folder, 'keyturn.yaml'),
      'apiVersion: keyturn/v1\nvenues: { exchange: { kind: binance } }\nserve: { listen: "127.0.0.1:0" }\n',
    );
    const daemon = await desk.serve('--at', '2027-01-01');
    expect(await daemon.line('key-failed')).toMatchObject({ key: 'desk/spot', err: { code: 'usage' } });
  });
});
