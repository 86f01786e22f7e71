export { type IamRole, iamPolicy } from './aws/iam.ts';
export { openAwsReader, openAwsStore } from './aws/index.ts';
export { AwsOptions } from './aws/options.ts';
