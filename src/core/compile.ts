/** A module of its own, because it is large and few runs need it. */
export { compile } from 'zod/mini';
