export { openAws } from './aws/index.ts';
