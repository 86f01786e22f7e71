import * as fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { anEdit, aPlace, type Edit, onWhole, SPECIALS, toHuge } from './edits.ts';

/** Files that were valid once: what editors, merges, encodings and bad intentions make of them. */

/** These texts with some of their values replaced, after up to six edits, as bytes of a file. */
export function mutatedFile(originals: readonly string[]): fc.Arbitrary<Buffer> {
  const text = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...originals) },
    { weight: 1, arbitrary: restructured(originals) },
  );
  return fc
    .record({
      text,
      edits: fc.array(anEdit, { maxLength: 6 }),
      whole: rarely(50, onWhole),
      huge: rarely(10_000, toHuge),
      encoding: fc.oneof(
        { weight: 60, arbitrary: fc.constant('utf8' as const) },
        { weight: 1, arbitrary: fc.constantFrom('latin1' as const, 'utf16le' as const) },
      ),
    })
    .map(({ text, edits, whole, huge, encoding }) =>
      Buffer.from(
        [...edits, whole, huge].reduce((changed, edit) => edit(changed), text),
        encoding,
      ),
    );
}

const rarely = (outOf: number, edit: fc.Arbitrary<Edit>): fc.Arbitrary<Edit> =>
  fc.oneof({ weight: outOf - 1, arbitrary: fc.constant<Edit>((text) => text) }, { weight: 1, arbitrary: edit });

const aValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...SPECIALS),
  fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 53, '', [], {}, [null]),
  fc.constantFrom('0000-01-01T00:00:00.000Z', '2026-06-01T12:00:00.000Z', '9999-12-31T23:59:59.999Z'),
  fc.constantFrom('__proto__', 'constructor', 'toString').map((name) => JSON.parse(`{"${name}": {"polluted": 1}}`)),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Other values in some places of the same structure, written as JSON or as YAML. */
function restructured(originals: readonly string[]): fc.Arbitrary<string> {
  const structures = originals.map((text): unknown => parse(text));
  const changes = fc.array(fc.tuple(aPlace, aValue), { minLength: 1, maxLength: 4 });
  return fc
    .tuple(fc.constantFrom(...structures), changes, fc.constantFrom(JSON.stringify, stringify))
    .map(([structure, replacements, write]) =>
      write(replacements.reduce((changed, [where, value]) => replaced(changed, where, value), structure)),
    );
}

/** The same data with the value at one of its places, counted depth first, replaced. */
function replaced(data: unknown, where: number, replacement: unknown): unknown {
  const places = placesIn(data);
  return replacedAt(data, places[Math.floor(where * (places.length - 1))] ?? [], replacement);
}

function replacedAt(data: unknown, [step, ...rest]: readonly string[], replacement: unknown): unknown {
  if (step === undefined) return replacement;
  if (Array.isArray(data)) return data.with(Number(step), replacedAt(data[Number(step)], rest, replacement));
  const holder = data as Record<string, unknown>;
  return { ...holder, [step]: replacedAt(holder[step], rest, replacement) };
}

const placesIn = (data: unknown): string[][] =>
  typeof data === 'object' && data !== null
    ? [[], ...Object.entries(data).flatMap(([name, value]) => placesIn(value).map((path) => [name, ...path]))]
    : [[]];
