import assert from 'node:assert/strict';
import { isOpen, mayPromote } from '../../src/core/schedule.ts';
import { CHANNELS, type News, textOf } from './channels.ts';
import type { Delivery } from './ears.ts';
import type { Evidence, KeptKey, Year } from './lives.ts';

/** What must be true of a year, by the evidence of its keys. */

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Between two passes, in seconds. */
const LONGEST_PAUSE = 12 * HOUR;
const FEWEST_GENERATIONS = 11;

/** When each thing happened to a generation; what has not is at no time at all, and neither before nor after any other. */
const happenedIn =
  (generation: Evidence) =>
  (event: string): Date =>
    new Date(generation.find((entry) => entry.event === event)?.at ?? Number.NaN);

const later = (start: Date, seconds: number): Date => new Date(start.getTime() + seconds * 1000);
const secondsFrom = (start: Date, end: Date): number => (end.getTime() - start.getTime()) / 1000;

export function everyRotationWasInItsWindow({ key, generations }: KeptKey): void {
  assert.ok(generations.length >= FEWEST_GENERATIONS, `${key.id} had ${generations.length} generations`);
  const { schedule, rotateEvery } = key;
  for (const [index, generation] of generations.entries()) {
    const at = happenedIn(generation);
    const before = generations[index - 1];
    const what = `generation ${index + 1} of ${key.id}`;
    assert.ok(isOpen(schedule, at('generated')), `${what} was made outside its windows`);
    const age = before ? secondsFrom(happenedIn(before)('registered'), at('registration-asked')) : 0;
    assert.ok(age <= rotateEvery + LONGEST_PAUSE, `${what} was asked for when the one before was ${age} s old`);
    if (Number.isNaN(at('promoted').getTime())) continue;
    assert.ok(mayPromote(schedule, at('verified'), at('promoted')), `${what} was promoted outside its windows`);
    const waited = secondsFrom(at('verified'), at('promoted'));
    assert.ok(waited <= schedule.registerWithin + LONGEST_PAUSE, `${what} waited ${waited} s to be promoted`);
  }
  const dead = generations.slice(0, -2).map((generation) => happenedIn(generation)('proven-dead').getTime());
  assert.ok(!dead.some(Number.isNaN), `not every generation of ${key.id} was proven dead`);
}

/** Whoever listens has heard of everything by the end of the next whole pass, and of nothing that was not so. */
export function everybodyWasTold({ keys, passes, deliveries }: Year): void {
  const news = new Map(passes.map(({ at }) => [at.getTime(), keys.flatMap((each) => newsOf(each, at))]));
  for (const [name, { hears, isListening }] of Object.entries(CHANNELS)) {
    const newsAt = (at: Date) => (isListening(at) ? (news.get(at.getTime()) ?? []).filter(hears).map(textOf) : []);
    const mine = deliveries.filter(({ channel }) => channel === name);
    for (const { at, news } of mine) {
      const invented = news.filter((each) => !newsAt(at).includes(each));
      assert.deepEqual(invented, [], `${name} was told so at ${at.toISOString()}`);
    }
    for (const { at } of passes.filter(({ isWhole }) => isWhole)) {
      const heard = new Set(mine.filter((each) => each.at <= at).flatMap((each) => each.news));
      const missing = newsAt(at).filter((each) => !heard.has(each));
      assert.deepEqual(missing, [], `${name} was not told so by ${at.toISOString()}`);
    }
  }
}

/** What there is to tell of a key at the end of a pass. */
function newsOf({ key, generations }: KeptKey, now: Date): News[] {
  const { registerWithin, overlap, revokeWithin } = key.schedule;
  return generations.flatMap((generation, index) => {
    const at = happenedIn(generation);
    const has = (event: string) => at(event) <= now;
    const news = (thing: News['thing'], step = 0) => ({ key: key.id, generation: index + 1, thing, step });
    const found: News[] = [];
    if (has('registration-asked') && !has('registered'))
      found.push(
        news('register', stepOf(at('registration-asked'), later(at('registration-asked'), registerWithin), now)),
      );
    if (has('deletion-asked') && !has('proven-dead')) {
      const step = stepOf(at('deletion-asked'), later(at('superseded'), overlap + revokeWithin), now);
      found.push(news('delete', seenDead(generation) <= now ? 0 : step));
    }
    if (has('promoted') && !has('superseded')) found.push(news('rotated'));
    if (has('proven-dead')) found.push(news('dead'));
    return found;
  });
}

/** Opened, half of the time, its end, then daily. */
function stepOf(opened: Date, deadline: Date, now: Date): number {
  if (secondsFrom(opened, now) < secondsFrom(now, deadline)) return 0;
  return now <= deadline ? 1 : 2 + Math.floor(secondsFrom(deadline, now) / DAY);
}

/** From then on nobody is reminded of deleting it. */
const seenDead = (generation: Evidence): Date =>
  happenedIn(generation.filter(({ detail }) => detail.verdict === 'dead'))('probed');

/**
 * Everything came once under each key. What came twice was the last that a life of the daemon had to say there, and came once
 * more, the same under the same key, in a later one: it was killed between sending and marking. Returns how often.
 */
export function nothingWasToldTwice({ deliveries }: Year): number {
  return Object.keys(CHANNELS)
    .map((name) => doublesAmong(deliveries.filter(({ channel }) => channel === name)))
    .reduce((sum, doubles) => sum + doubles, 0);
}

function doublesAmong(mine: readonly Delivery[]): number {
  const told = new Map<string, Delivery>();
  let doubles = 0;
  for (const delivery of mine) {
    const earlier = new Set(delivery.news.flatMap((each) => told.get(each) ?? []));
    for (const before of earlier) {
      const what = `${delivery.channel}: ${before.news.join(', ')}`;
      assert.ok(before.life < delivery.life, `${what} came twice in one life`);
      assert.equal(
        before,
        mine.findLast(({ life }) => life === before.life),
        `${what} came again though it was marked`,
      );
      if (before.news.length === 1 && delivery.news.length === 1) assert.equal(delivery.body, before.body);
      doubles += 1;
    }
    for (const each of delivery.news) told.set(each, delivery);
  }
  const messages = new Set(told.values());
  const keys = [...messages].flatMap(({ idempotencyKey }) => idempotencyKey ?? []);
  assert.equal(new Set(keys).size, keys.length, 'two messages came under one key');
  return doubles;
}
