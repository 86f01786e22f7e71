import * as fc from 'fast-check';
import { createTask, validate } from 'node-cron';
import { describe, expect, it } from 'vitest';
import { flawOfCron } from '../../src/core/cron.ts';

/** What both readers say was looked up: node-cron by asking it, Kubernetes in the parser it uses (robfig/cron v3). */

describe('a cron expression that is read alike everywhere', () => {
  it.each([
    ['every quarter of an hour', '*/15 * * * *'],
    ['a list', '0,20,40 * * * *'],
    ['a range with a step', '5-55/10 * * * *'],
    ['names, whatever their case', '0 6 * JAN-mar Mon,thu'],
    ['days of the month', '30 4 1,15 * *'],
    ['the last day of some months', '0 0 31 2,3 *'],
    ['figures with a leading zero', '05 06 * * *'],
  ])('%s is fine: %s', (_, expression) => {
    expect(flawOfCron(expression)).toBeNull();
    expect(validate(expression)).toBe(true);
  });

  it.each([
    ['a seconds field', '0 */15 * * * *', /five fields/],
    ['a nickname', '@daily', /five fields/],
    ['too few fields', '*/15 * * *', /five fields/],
    ['nothing', '', /five fields/],
    ['two spaces', '0  0 * * *', /five fields/],
    ['days of month and of week, which one reader takes for and, the other for or', '0 0 13 * 5', /leave day of month/],
    ['the same with a step', '0 0 */2 * 1', /leave day of month/],
    ['the last day', '0 0 L * *', /as its day of month/],
    ['the nearest weekday', '0 0 15W * *', /as its day of month/],
    ['the second Friday', '0 0 * * 5#2', /as its day of week/],
    ['a question mark', '0 0 ? * *', /as its day of month/],
    ['Sunday as 7', '0 0 * * 7', /as its day of week \* or numbers from 0 to 6/],
    ['whole names of days', '0 0 * * sunday', /as its day of week/],
    ['a range over the end', '0 22-2 * * *', /as its hour/],
    ['a range of days over the end', '0 0 * * fri-mon', /as its day of week/],
    ['a step from one number', '5/15 * * * *', /as its minute/],
    ['a step of nothing', '*/0 * * * *', /as its minute/],
    ['a step past the end', '*/90 * * * *', /as its minute/],
    ['a number past the end', '0 24 * * *', /as its hour/],
    ['an empty place in a list', '0,,5 * * * *', /as its minute/],
    ['a day that never comes', '0 0 30,31 2 *', /must name a day/],
  ])('%s is refused: %s', (_, expression, says) => {
    expect(flawOfCron(expression)).toMatch(says);
  });

  it('whatever is accepted, node-cron accepts and knows the next time of', () => {
    const number = (from: number, to: number) => fc.integer({ min: from, max: to }).map(String);
    const field = (from: number, to: number) => {
      const range = fc.tuple(number(from, to), number(from, to)).map((ends) => ends.join('-'));
      const step = fc.tuple(fc.oneof(fc.constant('*'), range), number(0, to + 1)).map((parts) => parts.join('/'));
      return fc
        .array(fc.oneof(fc.constant('*'), number(from, to + 1), range, step), { minLength: 1, maxLength: 3 })
        .map((parts) => parts.join(','));
    };
    const open = fc.constant('*');
    const either = (day: fc.Arbitrary<string>) =>
      fc.oneof({ weight: 3, arbitrary: open }, { weight: 1, arbitrary: day });
    const expressions = fc
      .tuple(field(0, 59), field(0, 23), either(field(1, 31)), either(field(1, 12)), either(field(0, 6)))
      .map((fields) => fields.join(' '));
    let accepted = 0;
    fc.assert(
      fc.property(expressions, (expression) => {
        if (flawOfCron(expression) !== null) return;
        accepted += 1;
        const task = createTask(expression, () => undefined);
        expect(task.getNextRuns(1)).toEqual([expect.any(Date)]);
        void task.destroy();
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});
