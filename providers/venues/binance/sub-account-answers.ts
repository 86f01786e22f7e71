import * as z from 'zod/mini';

/** Answers of Binance's sub-account API (`/sapi/…/sub-account/subAccountApi`), as far as keyturn reads them. */

/** [B-SUBV2], [B-SUBJS]: the id comes as `apiKey` on creation. */
export const Created = z.object({ apiKey: z.string().check(z.minLength(1)) });

const Row = z.object({
  apiName: z.optional(z.string()),
  apikey: z.string().check(z.minLength(1)),
  timestamp: z.optional(z.int().check(z.nonnegative())),
});

const total = z.coerce.number().check(z.int(), z.nonnegative());

/** The array was `list` until mid-July 2026 and is `rows` since; both are read. */
export const Page = z.union([
  z.object({ total, rows: z.array(Row) }),
  z.pipe(
    z.object({ total, list: z.array(Row) }),
    z.transform(({ total, list }) => ({ total, rows: list })),
  ),
]);

/** What changing and deleting answer says nothing that is needed. */
export const Anything = z.looseObject({});
