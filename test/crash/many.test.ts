import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../programs/index.ts';
import { aCrowd, type Crowd, expectOnceEach } from './crowd.ts';
import { PLACES } from './places.ts';

/** A sample; `npm run test:many` does it with a thousand keys, kills at random, and measures. */

describe('a directory', () => {
  let crowd: Crowd;
  beforeAll(async () => {
    crowd = await aCrowd(40, await PLACES.directory());
  });
  afterAll(() => crowd.close());

  it('four workers at once at an empty store generate each key exactly once', async () => {
    await expectOnceEach(crowd, await crowd.apply(4));
    // Of each key the three records (claim, stored, asked) and the four files of one generation.
    expect((await crowd.files()).count).toBe(crowd.keys.length * 7);
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
});

describeWith(['bao', 'moto_server'], 'stores of others', () => {
  describe.each(['vault', 'aws'] as const)('%s', (place) => {
    let crowd: Crowd;
    beforeAll(async () => {
      crowd = await aCrowd(8, await PLACES[place](), { claim: 12 });
    });
    afterAll(() => crowd?.close());

    it('three workers, killed and started again, leave one whole pair of each key', async () => {
      await crowd.applyUnderFire(3, 1, 3_000);
      await crowd.expectWhole();
    });
    it('and find nothing more to do', async () => {
      expect((await crowd.apply(2)).map(({ status, generated, errors }) => ({ status, generated, errors }))).toEqual([
        { status: 0, generated: [], errors: [] },
        { status: 0, generated: [], errors: [] },
      ]);
    });
  });
});
