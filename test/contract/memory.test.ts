import { memoryStore } from '../../providers/stores/memory.ts';
import { systemClock } from '../../src/clock.ts';
import { describeStore } from './store-suite.ts';

describeStore('memory', {
  async open() {
    const store = memoryStore({ clock: systemClock });
    return { store, another: async () => store, close: async () => {} };
  },
});
