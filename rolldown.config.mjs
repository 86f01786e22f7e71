// One bundle with code splitting: start-up stays close to an empty script, and whatever a command does not need is never loaded.
import { defineConfig } from 'rolldown';

export default defineConfig({
  input: { main: 'src/main.ts', generate: 'src/generate.ts' },
  platform: 'node',
  output: {
    dir: 'dist',
    format: 'esm',
    cleanDir: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    banner: (chunk) => (chunk.name === 'main' ? '#!/usr/bin/env node' : ''),
  },
});
