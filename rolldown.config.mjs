// One bundle with code splitting: start-up stays close to an empty script, and whatever a command does not need is never loaded.
import { defineConfig } from 'rolldown';

// CommonJS, which Node loads faster and without touching the thread pool, whose size src/main.ts sets.
const asCommonJs = {
  name: 'as-common-js',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: 'package.json', source: '{ "type": "commonjs" }\n' });
  },
};

export default defineConfig({
  input: { main: 'src/main.ts', generate: 'src/generate.ts' },
  platform: 'node',
  plugins: [asCommonJs],
  output: {
    dir: 'dist',
    format: 'cjs',
    cleanDir: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    banner: (chunk) => (chunk.name === 'main' ? '#!/usr/bin/env node' : ''),
  },
});
