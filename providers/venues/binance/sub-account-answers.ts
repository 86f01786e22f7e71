import { z } from 'zod';

/** Answers of Binance's sub-account API (`/sapi/…/sub-account/subAccountApi`), as far as keyturn reads them. */

/** [B-SUBV2], [B-SUBJS]: the id comes as `apiKey` on creation. */
export const Created = z.object({ apiKey: z.string().min(1) });

const Row = z.object({
  apiName: z.string().optional(),
  apikey: z.string().min(1),
  timestamp: z.int().nonnegative().optional(),
});

/** The array was `list` until mid-July 2026 and is `rows` since; both are read. */
export const Page = z
  .object({
    total: z.coerce.number().int().nonnegative(),
    rows: z.array(Row).optional(),
    list: z.array(Row).optional(),
  })
  .transform(({ total, rows, list }) => ({ total, rows: rows ?? list }))
  .refine((page): page is { total: number; rows: z.infer<typeof Row>[] } => page.rows !== undefined);

/** What changing and deleting answer says nothing that is needed. */
export const Anything = z.looseObject({});
