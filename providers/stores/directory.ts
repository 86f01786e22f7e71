export { createEmbeddedIdentities } from './directory/identity.ts';
export { DirectoryOptions, openDirectoryReader, openDirectoryStore } from './directory/index.ts';
