import { describeWith } from '../programs/index.ts';
import { startSecretsManager } from '../programs/secrets-manager-fake/server.ts';
import { accountAt, printedPolicy, signIn } from '../providers/aws-account.ts';
import { startMoto } from '../providers/moto.ts';
import { describeStore, type StoreUnderTest } from './store-suite.ts';

/** With exactly the rights that keyturn policy iam prints for a worker. */
async function startWithWorkerRights() {
  const aws = await startSecretsManager();
  aws.grant('AKIAWORKER', [await printedPolicy('worker')]);
  return aws;
}

const at = (start: () => Promise<{ url: string; close: () => Promise<void> }>): StoreUnderTest['open'] => {
  return async () => {
    signIn('AKIAWORKER');
    const { url, close } = await start();
    const another = async () => accountAt(url).store();
    return { store: await another(), another, close };
  };
};

describeStore('aws-secrets-manager on a strict fake', { open: at(startWithWorkerRights) });

// moto differs from AWS where this store does not go: labels are never put without their version, nothing is AWSPENDING.
describeWith(['moto_server'], 'beside programs others wrote', () => {
  describeStore('aws-secrets-manager on moto', { open: at(startMoto) });
});
