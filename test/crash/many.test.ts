import { afterAll, beforeAll, expect, it } from 'vitest';
import { aCrowd, type Crowd, expectOnceEach } from './crowd.ts';

/** A sample; `npm run test:many` does it with a thousand keys and measures. */

let crowd: Crowd;
beforeAll(async () => {
  crowd = await aCrowd(40);
});
afterAll(() => crowd.close());

it('four workers at once at an empty store generate each key exactly once', async () => {
  await expectOnceEach(crowd, await crowd.apply(4));
});

it('further passes leave the store as it is', async () => {
  const before = await crowd.files();
  const ran = await crowd.apply(2);
  expect(ran.map(({ status, generated }) => [status, generated.length])).toEqual([
    [0, 0],
    [0, 0],
  ]);
  expect(await crowd.files()).toEqual(before);
});
