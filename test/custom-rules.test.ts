import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Expression, readExpression, rulesEnvironment, summaryOf } from '../src/custom-rules/expression.ts';
import { subjectOf } from '../src/custom-rules/subject.ts';
import { parseSource } from '../src/source.ts';
import { aKey, T } from './build.ts';

const environment = rulesEnvironment();
const NOW = new Date(T());
const KEY = aKey({
  owner: null,
  schedule: {
    windows: [{ days: ['mon', 'fri'], from: '09:00', to: '16:00', timeZone: 'Europe/London' }],
    freezes: [{ from: '2026-12-24', to: '2026-12-31', reason: 'year end' }],
  },
});

function read(text: string): Expression {
  const expression = readExpression(environment, text);
  if ('at' in expression) throw new Error(`${expression.at}: ${expression.message}`);
  return expression;
}
const holds = (text: string, key = KEY) => read(text).holds(subjectOf(key, NOW));

describe('expressions see', () => {
  it.each([
    'key.id == "binance-main/spot" && key.account == "binance-main" && key.name == "spot" && key.storedAs == key.id',
    'key.application == "market-maker" && key.purpose == "spot-trading" && key.permissions == ["read", "spot-trade"]',
    'key.owner == "" && key.venue == "binance" && key.store == "local" && key.algorithm == "rsa-2048"',
    '"203.0.113.7" in key.ipAllowlist && key.passphrase == "required" && key.passphraseStore == ""',
    'key.rotateEvery == days(30) && key.schedule.lead == days(5) && key.schedule.overlap == hours(24)',
    'key.rotateEvery + key.schedule.registerWithin + key.schedule.overlap + key.schedule.revokeWithin <= days(97)',
    'key.schedule.registerWithin == 259200 && key.schedule.revokeWithin == 172800 && key.schedule.onMissedWindow == "act"',
    'key.schedule.windows[0].timeZone == "Europe/London" && key.schedule.windows.all(w, w.days.exists(d, d == "fri") && w.to <= "16:00")',
    'key.schedule.freezes.exists_one(f, f.from == "2026-12-24" && f.to == "2026-12-31" && f.reason == "year end")',
    'size(key.schedule.windows.filter(w, "mon" in w.days && w.from > "08:00")) == 1',
    'key.source.file == "policies/binance.yaml" && key.source.line == 1',
    'account.name == "binance-main" && account.venue == "binance" && account.store == "local"',
    'now.getFullYear() == 2026 && now < timestamp("2027-01-01T00:00:00Z") && now + duration("1h") > now',
    'has(key.owner) && !key.name.contains("x") && key.name.startsWith("sp") && key.name.upperAscii() == "SPOT"',
    'double(key.rotateEvery) / 86400.0 == 30.0 && string(key.rotateEvery / days(1)) == "30" && int("3") == 3',
  ])('%s', (text) => expect(holds(text)).toBe(true));

  it('a passphrase that lies in another store', () =>
    expect(
      holds('key.passphrase == "required" && key.passphraseStore == "aws"', aKey({ passphrase: { store: 'aws' } })),
    ).toBe(true));
});

describe('refused is', () => {
  it.each<[string, number, RegExp]>([
    ['key.name.matches("^(a+)+$")', 0, /no function matches/],
    ['key.name == "a" && matches(key.name, "a")', 19, /no function matches/],
    ['key.name.contain("a")', 0, /no function contain in/],
    ['cel.bind(x, "aaaa", x == "")', 0, /no function bind/],
    ['key.ipAllowlist.map(a, a) == []', 0, /no function map/],
    ['[[1, 2], [3]] == [[1]]', 0, /plain values only/],
    ['{"a": 1} == {"a": 1}', 0, /no maps/],
    ['key.ipAllowlist.all(a, (a + a) != "")', 24, /inside a loop/],
    [`"" == ${Array.from({ length: 10 }, () => '"a"').join(' + ')}`, 6, /adds up too much/],
    ['key.nmae == "x"', 4, /No such key: nmae/],
    ['key.schedule.windows.all(w, w.day == "mon")', 30, /No such key: day/],
    ['key.rotateEvery == "30d"', 0, /no such overload: int == string/],
    ['kye.name == ""', 0, /Unknown variable: kye/],
    ['key.rotateEvery', 0, /no yes or no, but int/],
    ['dyn(true)', 0, /no function dyn/],
    ['key.name ==', 11, /Unexpected token/],
    ['', 0, /Unexpected token/],
    [`${'('.repeat(60)}true${')'.repeat(60)}`, 40, /maxDepth/],
    [Array.from({ length: 200 }, () => 'true').join('&&'), 0, /Exceeded maxAstNodes/],
  ])('%s', (text, at, says) => {
    const fault = readExpression(environment, text);
    expect(fault).toMatchObject({ message: expect.stringMatching(says), help: expect.stringMatching(/\S/) });
    if (at > 0) expect(fault).toMatchObject({ at });
  });

  it.each([
    '1 / (key.rotateEvery - days(30)) == 1',
    'key.schedule.windows[7].from == ""',
    'days(9223372036854775807) > 0',
  ])('when it is asked: %s', (text) => {
    expect(() => holds(text)).toThrow();
    try {
      holds(text);
    } catch (error) {
      expect(summaryOf(error)).toMatch(/^(?:division by zero|No such key: index out of bounds.*|integer overflow)$/);
    }
  });
});

describe('whatever is written', () => {
  const list = Array.from({ length: 1_000 }, (_, index) => `10.0.${index % 250}.${Math.floor(index / 250)}`);
  const large = subjectOf(aKey({ ipAllowlist: list, application: 'a'.repeat(500) }), NOW);

  const scalar = fc.constantFrom('"a"', 'key.name', 'key.application', 'key.owner', `"${'a'.repeat(80)}b"`);
  const { condition } = fc.letrec<{ text: string; list: string; condition: string }>((tie) => ({
    text: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
    ),
    list: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('key.ipAllowlist', 'key.permissions', '["a", "b"]'),
      fc.tuple(tie('list'), tie('list')).map(([a, b]) => `(${a} + ${b})`),
      fc.tuple(tie('list'), tie('condition')).map(([a, b]) => `${a}.filter(x, ${b})`),
    ),
    condition: fc.oneof(
      { depthSize: 'medium' },
      fc
        .tuple(tie('text'), fc.constantFrom('contains', 'startsWith', 'matches'), tie('text'))
        .map(([a, f, b]) => `${a}.${f}(${b})`),
      fc.tuple(tie('text'), tie('list')).map(([a, b]) => `${a} in ${b}`),
      fc.tuple(tie('list'), tie('list')).map(([a, b]) => `${a} == ${b}`),
      fc
        .tuple(tie('list'), fc.constantFrom('all', 'exists', 'exists_one'), tie('condition'))
        .map(([a, f, b]) => `${a}.${f}(x, ${b} || x.contains("z"))`),
      fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map(([a, o, b]) => `(${a} ${o} ${b})`),
    ),
  }));

  it('what is not refused takes no longer than its steps say', { timeout: 60_000 }, () =>
    fc.assert(
      fc.property(condition, (text) => {
        const expression = readExpression(environment, text);
        if ('at' in expression || expression.steps(large) > 500_000) return;
        const begin = performance.now();
        expression.holds(large);
        expect(performance.now() - begin).toBeLessThan(3_000);
      }),
      { numRuns: 400 },
    ),
  );

  it('never ends reading with anything but an expression or a fault', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 200 }),
          fc
            .array(
              fc.constantFrom(
                ...'key . name ( ) [ ] { } " \' \\ && || ! == + - 1 1u 1.5e9 , ? : in all exists x days has b"a" r"\\" // 0x null true google.protobuf .?'.split(
                  ' ',
                ),
              ),
            )
            .map((parts) => parts.join(' ')),
        ),
        (text) => {
          const read = readExpression(environment, text.slice(0, 1_000));
          if ('at' in read) expect(read).toMatchObject({ at: expect.any(Number), message: expect.any(String) });
        },
      ),
      { numRuns: 2_000 },
    ));
});

describe('a place in a text is found however it is written', () => {
  it.each<[string, string, string]>([
    ['plain', 'a: key.x == 1 && key.bitz', 'bitz'],
    ['in single quotes', `a: 'key.x == "it''s" && key.bitz'`, 'bitz'],
    ['in double quotes', 'a: "key.x == \\"\\" && key.bitz"', 'bitz'],
    ['as a literal block', 'a: |\n  key.x == 1 &&\n    key.bitz\n', 'bitz'],
    ['as a folded block', 'a: >-\n  key.x == 1 &&\n  key.bitz\n', 'bitz'],
    ['over several lines', 'a: key.x == 1 &&\n  key.bitz', 'bitz'],
  ])('%s', (_how, text, letters) => {
    const source = parseSource('x.yaml', text);
    const { a } = source.value as { a: string };
    const { line, column } = source.locateIn(['a'], a.indexOf(letters));
    expect(text.split('\n')[line - 1]?.slice(column - 1)).toMatch(new RegExp(`^${letters}`));
  });
  it('its end, and beyond', () => {
    const source = parseSource('x.yaml', 'a: |\n  key ==\n');
    expect(source.locateIn(['a'], 6)).toEqual({ line: 2, column: 9 });
    expect(source.locateIn(['a'], 600)).toEqual({ line: 2, column: 9 });
  });
});
