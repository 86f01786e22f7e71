import { isKeyturnError } from '../errors.ts';
import { parseAllowlist } from './allowlist.ts';
import type { SignedCall } from './authenticate.ts';
import { type Answer, json } from './http.ts';
import { missing, refusal } from './refusals.ts';
import { checkAccount, type RegisteredKey, type Registry, type Restrictions } from './registry.ts';
import type { SwitchField } from './switches.ts';

/**
 * Keys of sub-accounts, managed with a key of the account `main`, which is the master of all others here. A sub-account is
 * known by an e-mail address whose part before the @ is its name: `desk@sub.example` is account `desk`.
 */

const MASTER = 'main';

/** Which switch each flag of the API turns. Reading is always on. */
const FLAGS: Readonly<Record<string, SwitchField>> = {
  canTrade: 'enableSpotAndMarginTrading',
  canMarginLoanRepay: 'enableMargin',
  canFuturesTrade: 'enableFutures',
  canUniversalTransfer: 'permitsUniversalTransfer',
  canVanillaOptions: 'enableVanillaOptions',
};
const FIX_FLAGS: Readonly<Record<string, SwitchField>> = {
  canFixApiTrading: 'enableFixApiTrade',
  canFixApiReading: 'enableFixReadOnly',
};

const isTrue = (values: ReadonlyMap<string, string>, flag: string) => values.get(flag) === 'true';

const switchesFrom = (
  values: ReadonlyMap<string, string>,
  table: Readonly<Record<string, SwitchField>>,
): SwitchField[] => Object.entries(table).flatMap(([flag, field]) => (isTrue(values, flag) ? [field] : []));

const flagsOf = ({ on }: RegisteredKey) =>
  Object.fromEntries(Object.entries(FLAGS).map(([flag, field]) => [flag, on.includes(field)]));

/** Status 2 with addresses ties the key to them; 1 does not. Throws `invalid` for addresses that are none. */
function allowlistFrom(values: ReadonlyMap<string, string>): Restrictions['ipAllowlist'] {
  return values.get('status') === '2' ? parseAllowlist((values.get('ipAddress') ?? '').replaceAll(',', '\n')) : null;
}

export function subAccountCalls(registry: Registry) {
  /** Runs a call of the master’s about the sub-account it names; what the registry refuses becomes the exchange’s refusal. */
  const about =
    (answer: (account: string, call: SignedCall) => Answer) =>
    (call: SignedCall): Answer => {
      if (call.key.account !== MASTER) return refusal(400, -9000, 'This account cannot manage sub-accounts.');
      const [account = ''] = (call.values.get('email') ?? '').split('@');
      try {
        checkAccount(account);
        return answer(account, call);
      } catch (error) {
        if (!isKeyturnError(error)) throw error;
        return refusal(400, -9000, error.message);
      }
    };

  const aboutKey = (answer: (key: RegisteredKey, call: SignedCall) => Answer) =>
    about((account, call) => {
      const key = registry.find(call.values.get('subAccountApiKey') ?? '');
      return key?.account === account ? answer(key, call) : refusal(400, -9000, 'Sub-account API key does not exist.');
    });

  return {
    list: about((account, { values }) => {
      const wanted = values.get('subAccountApiKey');
      const keys = registry.list('binance', account).filter(({ apiKey }) => wanted === undefined || apiKey === wanted);
      const size = Number(values.get('size') ?? 30);
      const start = (Number(values.get('page') ?? 1) - 1) * size;
      const rows = keys.slice(start, start + size).map((key) => ({
        email: values.get('email'),
        apiName: key.label,
        apikey: key.apiKey,
        ...flagsOf(key),
        timestamp: key.createTime,
      }));
      return json(200, { total: keys.length, rows });
    }),

    create: about((account, { values, inQuery, now }) => {
      const publicKey = values.get('publicKey');
      if (!publicKey || inQuery.has('publicKey')) return missing('publicKey');
      const label = values.get('apiName');
      if (!label) return missing('apiName');
      const on: SwitchField[] = ['enableReading', ...switchesFrom(values, { ...FLAGS, ...FIX_FLAGS })];
      const restrictions = { on, ipAllowlist: allowlistFrom(values) };
      const key = registry.create(
        { house: 'binance', account, label, publicKey, passphrase: null, ...restrictions },
        now,
      );
      const { apiKey, ipAllowlist } = key;
      return json(200, {
        apiName: label,
        apiKey,
        ...flagsOf(key),
        status: ipAllowlist === null ? 1 : 2,
        ipList: ipAllowlist ?? [],
      });
    }),

    setPermissions: aboutKey((key, { values, now }) => {
      const kept = key.on.filter((field) => !Object.values<string>(FLAGS).includes(field));
      const { ipAllowlist } = key;
      const edited = registry.edit(key.apiKey, { on: [...kept, ...switchesFrom(values, FLAGS)], ipAllowlist });
      return json(200, { apikey: key.apiKey, ...flagsOf(edited), timestamp: now.getTime() });
    }),

    setAddresses: aboutKey((key, { values, now }) => {
      const { ipAllowlist } = registry.edit(key.apiKey, { on: key.on, ipAllowlist: allowlistFrom(values) });
      return json(200, {
        status: values.get('status'),
        ipList: ipAllowlist ?? [],
        updateTime: now.getTime(),
        apiKey: key.apiKey,
      });
    }),

    showAddresses: aboutKey(({ apiKey, ipAllowlist, createTime }) =>
      json(200, { ipRestrict: `${ipAllowlist !== null}`, ipList: ipAllowlist ?? [], updateTime: createTime, apiKey }),
    ),

    remove: aboutKey(({ apiKey }, { now }) => {
      registry.remove(apiKey, now);
      return json(200, {});
    }),
  };
}
