import { everybodyWasTold, everyRotationWasInItsWindow, nothingWasToldTwice } from './judge.ts';
import { type Choices, type Death, liveThroughAYear } from './lives.ts';

/** What became of a year in which everything was as it must be. */
export interface Outcome {
  generations: number;
  passes: number;
  deaths: Death[];
  /** Messages, and those among them that came twice. */
  messages: number;
  doubles: number;
}

/** Lives through a year and judges it. Throws what was not as it must be, with the command that makes the same choices again. */
export async function judgedYear(choices: Choices): Promise<Outcome> {
  try {
    const year = await liveThroughAYear(choices);
    for (const key of year.keys) everyRotationWasInItsWindow(key);
    everybodyWasTold(year);
    const doubles = nothingWasToldTwice(year);
    const { keys, passes, deaths, deliveries } = year;
    const generations = keys.flatMap((key) => key.generations).length;
    return { generations, passes: passes.length, deaths, messages: deliveries.length, doubles };
  } catch (cause) {
    const { seed, keys, kills } = choices;
    const again = `npm run test:year -- --seed ${seed} --keys ${keys} --kills ${kills}`;
    throw new Error(`${cause instanceof Error ? cause.message : 'it failed'}\nthe same choices again: ${again}`, {
      cause,
    });
  }
}
