import type { z } from 'zod';
import { hostOptions } from '../host.ts';

export const BybitOptions = hostOptions('https://api.bybit.com');
export type BybitOptions = z.infer<typeof BybitOptions>;
