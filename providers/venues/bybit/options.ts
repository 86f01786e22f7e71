import type * as z from 'zod/mini';
import { hostOptions } from '../host.ts';

export const BybitOptions = hostOptions('https://api.bybit.com');
export type BybitOptions = z.infer<typeof BybitOptions>;
