import { parseArgs } from 'node:util';
import { wholeNumber } from '../whole-number.ts';
import { judgedYear } from './year.ts';

/** `npm run test:year -- --keys 5 --kills 40 --seed 7`: so many keys of each desk, killed about so often. */

const { values } = parseArgs({
  options: { seed: { type: 'string' }, keys: { type: 'string' }, kills: { type: 'string' } },
});
const choices = {
  seed: wholeNumber('--seed', values.seed ?? `${Date.now() % 1_000_000}`, 0),
  keys: wholeNumber('--keys', values.keys ?? '5'),
  kills: wholeNumber('--kills', values.kills ?? '40', 0),
};

/** Not awaited at the top: what is loaded late would wait for this file to end, and this file for it. */
async function main(): Promise<void> {
  const began = Date.now();
  const { generations, passes, deaths, messages, doubles } = await judgedYear(choices);
  const many = (kind: string) => `${deaths.filter((each) => each === kind).length} ${kind}`;
  const lines = [
    `seed ${choices.seed}: ${2 * choices.keys} keys, ${generations} generations, ${passes} passes in ${Math.round((Date.now() - began) / 1000)} s`,
    `killed ${deaths.length} times: ${['at work', 'unheard', 'unanswered', 'answered'].map(many).join(', ')}`,
    `${messages} messages, nothing missing; ${doubles} came twice, each under the same key, after a kill between sending and marking`,
  ];
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

void main();
