export { createEmbeddedIdentities } from './directory/identity.ts';
export { openDirectory } from './directory/index.ts';
export { DirectoryOptions } from './directory/options.ts';
