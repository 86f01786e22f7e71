import { binance } from './api.ts';
import { bitget } from './bitget.ts';
import { bybit } from './bybit.ts';
import type { SandboxClock } from './clock.ts';
import { deribit } from './deribit.ts';
import type { House } from './house.ts';
import type { Registry } from './registry.ts';

/** All exchanges of one sandbox. Binance, whose paths are the widest, comes last. */
export const openHouses = (registry: Registry, clock: SandboxClock): House[] =>
  [deribit, bitget, bybit, binance].map((open) => open(registry, clock));
