/**
 * Everything `keyturn doctor` can find. Codes are stable; sentences may change. `docs/doctor.md` is generated from this
 * table. In what is to be done, KEY stands for the key in question.
 */

export type Severity = 'error' | 'warning' | 'info';

export interface FindingEntry {
  severity: Severity;
  /** What is the case. */
  means: string;
  /** What a person does about it. */
  todo: string;
  /** What `--fix KEY` does about it; null where only a person can. */
  fix: string | null;
}

const entry =
  (severity: Severity) =>
  (means: string, todo: string, fix: string | null = null): FindingEntry => ({ severity, means, todo, fix });
const error = entry('error');
const warning = entry('warning');
const info = entry('info');

const FIX = 'keyturn doctor --fix KEY';

const SETUP = {
  'policy-invalid': error(
    'Policies or configuration are invalid; nothing else was looked at.',
    'keyturn policy check shows everything that is wrong and what to write instead',
  ),
  'policy-warnings': warning('Policies or configuration have warnings.', 'keyturn policy check shows them'),
} as const;

/** Those from `store-unreachable` on are found for every kind of store, `vault-…` by that kind, the others by the embedded one. */
const STORE = {
  'identity-missing': error(
    'The age identity is not there or damaged.',
    'keyturn init makes one for a new store; bring that of an old one back, or put the recovery identity in its place',
  ),
  'identity-open': error('Others can read the age identity, or keyturn cannot.', 'chmod 600 the identity'),
  'identity-foreign': error(
    'The identity belongs to none of the recipients.',
    'use the identity the store was made with, or add its recipient',
  ),
  'recovery-beside': warning(
    'The recovery identity still lies beside the identity it is to replace when this machine is lost.',
    'move recovery.txt to a safe place off this machine',
  ),
  'recipients-unfit': error(
    'The recipients cannot be read, are malformed, or fewer than two.',
    'list at least two, so that losing one identity does not lose every key',
  ),
  'folder-open': error('The folder of the store is open to others.', 'chmod 700 the folder'),
  'network-file-system': error(
    'The store lies on a network file system, where links are not always atomic.',
    'put it on a local disk',
  ),
  'left-over-files': warning(
    'A run stopped while it was writing a file, more than an hour ago.',
    FIX,
    'Removes temporary files older than an hour.',
  ),
  'half-erased': error(
    'A generation is marked as erased, and private files of it are still there.',
    FIX,
    'Erases those files.',
  ),
  'current-link': error(
    'The link readers follow shows another generation than the newest promotion says.',
    FIX,
    'Points the link where the newest promotion says.',
  ),
  'store-file-corrupt': error(
    'A file of the store cannot be read.',
    'restore it from a backup of the store, or move it away if it does not belong there',
  ),
  'vault-standby': warning(
    'A standby node of Vault answers, whose reads may lag behind.',
    'let address name the service of the active node, or set disable_standby_reads = true on the servers',
  ),
  'vault-clock': error(
    'The clocks of Vault and of this machine differ by more than a minute.',
    'set both clocks (NTP): dates of records and claims depend on them',
  ),
  'vault-deletes-versions': error(
    'The secrets engine deletes versions by itself after a time, keys in use among them.',
    'bao write MOUNT/config delete_version_after=0s',
  ),
  'vault-one-version': warning(
    'The secrets engine keeps one version only: no record can be looked up as it was.',
    'bao write MOUNT/config max_versions=10',
  ),
  'vault-right-lacking': error(
    'The login lacks a right that keyturn needs.',
    'give it the policy that keyturn policy vault prints',
  ),
  'vault-right-excess': warning(
    'The login could overwrite, delete or bring back key pairs.',
    'give it the policy that keyturn policy vault prints and no other one',
  ),
  'store-unreachable': error('The store did not answer; its keys were not looked at.', 'follow the hint of the error'),
  'store-unusable': error(
    'The store can be read, but keyturn may not or cannot work with it.',
    'follow the hint of the error',
  ),
} as const;

const AWS = {
  'aws-denied': error(
    'AWS does not accept the credentials, or does not allow them what planning needs.',
    'keyturn policy iam prints the rights that are needed',
  ),
  'aws-clock': error(
    'This machine’s clock and that of AWS differ by more than a minute.',
    'set this machine’s clock (NTP)',
  ),
  'aws-rotated': error(
    'AWS rotates the secret by itself.',
    'aws secretsmanager cancel-rotate-secret, or choose another prefix',
  ),
  'aws-managed': error('The secret belongs to another service.', 'choose another prefix or recordPrefix'),
  'aws-replicated': error(
    'The secret is replicated to other regions, or is a replica: a retired key would live on there.',
    'aws secretsmanager remove-regions-from-replication, or name the primary region',
  ),
  'aws-being-deleted': error('The secret is scheduled for deletion.', 'aws secretsmanager restore-secret'),
  'aws-foreign-version': error(
    'AWSCURRENT is on a version that is not keyturn’s: somebody wrote to the secret.',
    'find out who did; move AWSCURRENT back to the newest version of keyturn’s',
  ),
  'aws-record-regressed': warning(
    'AWSCURRENT of the record is on an old revision: a worker slept for days in the middle of a write.',
    FIX,
    'Moves AWSCURRENT to the newest revision.',
  ),
  'aws-untagged': warning(
    'A run stopped between storing a pair and noting its fingerprint in a tag.',
    FIX,
    'Notes the fingerprint.',
  ),
} as const;

const VENUE = {
  'venue-unreachable': error(
    'The venue gave no usable answer; no key was probed there.',
    'set right what the message names, then run again',
  ),
  'venue-maintenance': warning('The venue is under maintenance; no key was probed there.', 'wait, then run again'),
  'clock-skew': error(
    'This machine’s clock and the venue’s differ by more than a minute.',
    'set this machine’s clock (NTP)',
  ),
  'egress-not-allowed': error(
    'The address keyturn’s requests come from (inside.address) is not on the key’s allowlist: every probe is refused.',
    'add it to ipAllowlist and at the venue, or name another egress as inside of the venue',
  ),
} as const;

const RECORD = {
  'record-unreadable': error(
    'The record is there but cannot be read: its newest text is broken, or the store did not answer.',
    'restore the record from a backup of the store; nothing is done for this key before',
  ),
  'record-lost': error(
    'The store has key material but no record: it was lost, or belongs to something else.',
    'restore the record from a backup of the store, or move the material away if it is not keyturn’s',
  ),
  'moved-store': error(
    'The record lies in another configured store than the policy says.',
    'set the policy’s store back, or move the key on purpose',
  ),
  'record-outdated': error(
    'The store is further than the record, as after restoring an old backup.',
    'restore a newer record; do nothing else with this key before',
  ),
  'current-differs': error(
    'Consumers read another generation than the record says.',
    'find out who moved it; restore record and store from the same backup',
  ),
  uncovered: warning(
    'The store has a record that no policy names: nothing is generated and nothing deleted.',
    'bring the key back into a policy, or let its successor go on with it: keyturn adopt KEY --from OLD, or formerly',
  ),
  'carried-over': error(
    'The record of this name was carried over to another key; nothing is done under the old name.',
    'give the key another name, or remove it from the policy',
  ),
  'carry-over-unfinished': error(
    'A run stopped while it carried a key over to another name; both hold still.',
    'keyturn adopt KEY --from OLD once more ends it',
  ),
  claimed: info('A worker is in the middle of a step.', 'nothing; the claim ends by itself'),
  'dead-claim': warning(
    'A worker stopped in the middle of a step; its claim is over.',
    FIX,
    'Releases the claim, once it and its margin are over.',
  ),
  'unfinished-step': warning(
    'A run stopped between announcing an effect and recording that it was complete.',
    FIX,
    'Completes generating, promoting or destroying, as the next pass would.',
  ),
} as const;

const MATERIAL = {
  'material-missing': error(
    'The record says a pair is stored, and the store does not have it.',
    'restore the store from a backup; keyturn does not recreate what others deleted',
  ),
  'fingerprint-differs': error(
    'Public key and fingerprint in record and store do not belong together.',
    'restore the store from a backup; do not register or use this generation',
  ),
  'material-unreadable': error(
    'The private half does not open or does not belong to its public half.',
    'use the identity the store was made with, or restore the store from a backup',
  ),
  'material-unknown': warning(
    'The store holds a private half that the record does not know; it is not touched.',
    'find out whose it is; move it away if it is not keyturn’s',
  ),
  'erased-still-there': error(
    'The record says the private half was destroyed after proof, and the store still has it.',
    FIX,
    'Erases it again.',
  ),
} as const;

const EVIDENCE = {
  'evidence-missing': error('The evidence of a finished generation is not in the store.', 'restore it from a backup'),
  'evidence-altered': error(
    'The evidence of a finished generation does not have the hash the record keeps.',
    'restore it from a backup, and find out who changed it',
  ),
  'evidence-broken': error(
    'The hash chain of the evidence is broken: an entry was changed, dropped or moved.',
    'restore the record from a backup, and find out who changed it',
  ),
} as const;

const PEOPLE = {
  unverified: info('A key id was handed in and not verified yet.', 'keyturn verify KEY checks at once'),
  'unverified-long': warning(
    'A key id was handed in long ago and never worked as its policy says.',
    'keyturn task KEY says what to change; keyturn verify KEY checks at once',
  ),
  'task-overdue': warning('A person was to do something by now.', 'keyturn task KEY shows what'),
  debt: warning(
    'A previous generation is not proven dead and holds up the next rotation.',
    'have it deleted: keyturn task KEY',
  ),
  'surplus-keys': warning(
    'More ids of this key may live at the venue than one rotation needs.',
    'have those that were replaced deleted at the venue; each card of the key (keyturn task KEY) lists them in full',
  ),
} as const;

const PROBES = {
  'current-dead': error(
    'The venue does not know the current key: somebody deleted it.',
    'keyturn rotate KEY --reason TEXT replaces it; find out who deleted it',
  ),
  'current-refused': error(
    'The venue refuses the current key without saying why.',
    'check its allowlist (keyturn’s own address must be on it) and that it is enabled',
  ),
  'permissions-changed': error(
    'The current key may do something else than its policy says.',
    'change the switch at the venue, or the policy; then keyturn verify KEY',
  ),
  'allowlist-removed': error(
    'The current key is not tied to an allowlist any more.',
    'turn it on again at the venue, and find out who turned it off',
  ),
  'allowlist-changed': error(
    'The current key is tied to other addresses than its policy says.',
    'correct them at the venue, and find out who changed them',
  ),
  'wrong-account': error(
    'The key belongs to another account than the generations before it.',
    'create it in the right account and hand in its id: keyturn register KEY',
  ),
  'next-not-as-policy': warning(
    'The registered next key is not as its policy says.',
    'keyturn task KEY shows what to change; keyturn verify KEY checks at once',
  ),
  'wrong-public-key': error(
    'The venue knows the key id with another public key.',
    'keyturn task KEY shows the public key to register; hand in its id with keyturn register KEY',
  ),
  'crosswise-ids': error(
    'The key id of another key of the account fits this pair: two tasks were answered crosswise.',
    FIX,
    'Swaps the two ids, if each was seen to fit the other’s pair and neither key is verified.',
  ),
  'previous-still-works': error(
    'A previous key that should be deleted by now still works.',
    'delete it at the venue: keyturn task KEY',
  ),
  'probe-inconclusive': warning('A probe brought no information about the key.', 'run again later'),
} as const;

export const FINDINGS = { SETUP, STORE, AWS, VENUE, RECORD, MATERIAL, EVIDENCE, PEOPLE, PROBES } as const;

export type FindingCode = { [G in keyof typeof FINDINGS]: keyof (typeof FINDINGS)[G] }[keyof typeof FINDINGS];

const ENTRIES: Readonly<Record<FindingCode, FindingEntry>> = {
  ...SETUP,
  ...STORE,
  ...AWS,
  ...VENUE,
  ...RECORD,
  ...MATERIAL,
  ...EVIDENCE,
  ...PEOPLE,
  ...PROBES,
};

export const entryOf = (code: FindingCode): FindingEntry => ENTRIES[code];

/** Stores may find what this table does not list; nothing is mended then. */
export const isFixable = (code: string): boolean =>
  Object.hasOwn(ENTRIES, code) && ENTRIES[code as FindingCode].fix !== null;
