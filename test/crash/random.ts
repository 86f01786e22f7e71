import { seeded } from '../seeded.ts';
import { aLife, type Give, type Life } from './life.ts';

/** Whole rotations whose workers are killed at random moments, all chosen by one seed. */

export interface Trial {
  programs: string;
  seed: number;
  kills: number;
  workers: number;
}

export interface Outcome {
  kills: number;
  /** Different places at which a worker died, with how often. */
  places: ReadonlyMap<string, number>;
  rotations: number;
  compromised: number;
  orders: number;
}

/** Of all orders, how many are given with a place to die at. */
const SHARE = 0.5;
const SHARE_COMPROMISED = 0.2;
/** A pass that generates, or promotes and asks for a deletion, passes about this many moments. */
const LONG_PASS = 130;

/** Throws what did not hold, with the outcome so far in front. */
export async function killAtRandom({ programs, seed, kills, workers }: Trial): Promise<Outcome> {
  const random = seeded(seed);
  const life = await aLife({ programs, workers });
  const places = new Map<string, number>();
  const outcome = { kills: 0, places, rotations: 0, compromised: 0, orders: 0 };
  const give: Give = async (worker, order) => {
    outcome.orders += 1;
    const [isMortal, moment] = [random() < SHARE, Math.ceil(random() * LONG_PASS)];
    const dies = isMortal && outcome.kills < kills;
    const answer = await worker.ask(dies ? { ...order, stop: { operation: moment } } : order);
    if (answer === null) {
      outcome.kills += 1;
      places.set(worker.died(), (places.get(worker.died()) ?? 0) + 1);
    }
    return answer;
  };
  try {
    while (outcome.kills < kills) await turnOver(life, random, give, outcome);
  } catch (error) {
    throw new Error(`after ${describe(outcome)}`, { cause: error });
  } finally {
    await life.close();
  }
  return outcome;
}

async function turnOver(life: Life, random: () => number, give: Give, outcome: Outcome): Promise<void> {
  const compromised = random() < SHARE_COMPROMISED;
  await life.rotate({ compromised, give });
  outcome.rotations += 1;
  if (compromised) outcome.compromised += 1;
}

export const describe = ({ kills, places, rotations, compromised, orders }: Outcome): string =>
  `${kills} kills at ${places.size} different places, in ${orders} orders; ${rotations} whole rotations, ${compromised} of leaked keys`;
