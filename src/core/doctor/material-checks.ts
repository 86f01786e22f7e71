import { createHash } from 'node:crypto';
import { type Generation, storedCurrent } from '../record.ts';
import type { Patient, StoredPair } from './facts.ts';
import { found } from './finding.ts';
import type { KeyCheck } from './record-checks.ts';

/** What the store holds compared with what the record says of it. */

const pairOf = ({ stored }: Patient, { generation }: Generation): StoredPair | undefined =>
  stored.material.find((each) => each.generation === generation);

/** Generations whose private half must be there: stored, and nobody has begun to destroy it. */
const livingOf = ({ record }: Patient): Generation[] =>
  record.generations.filter(
    ({ generation, at }) =>
      at.stored && !at.provenDead && !(record.intent?.action === 'destroy' && record.intent.generation === generation),
  );

const pairIsMissing: KeyCheck = (patient) =>
  livingOf(patient)
    .filter((each) => pairOf(patient, each)?.state === 'absent')
    .map(({ generation }) =>
      found(
        'material-missing',
        patient.key.id,
        `the record says generation ${generation} is stored, the store has nothing`,
      ),
    );

const storeIsFurther: KeyCheck = (patient) => {
  const { key, record, stored } = patient;
  const younger = stored.material.filter(({ generation }) => generation > record.last);
  const erased = livingOf(patient).filter((each) => pairOf(patient, each)?.state === 'retired');
  const messages = [
    ...younger.map(({ generation }) => `the store has generation ${generation}, the record ends with ${record.last}`),
    ...erased.map(({ generation }) => `generation ${generation} is erased in the store, the record says it is in use`),
  ];
  return messages.map((message) => found('record-outdated', key.id, message));
};

const consumersReadAnother: KeyCheck = ({ key, record, stored }) => {
  const expected = storedCurrent(record);
  const isUnderWay = record.intent?.action === 'promote' && record.intent.generation === stored.current;
  if (stored.current === expected || isUnderWay) return [];
  const read = stored.current === null ? 'nothing' : `generation ${stored.current}`;
  const said = expected === null ? 'nothing' : `generation ${expected}`;
  return [found('current-differs', key.id, `consumers read ${read}, the record says ${said}`)];
};

const fingerprintIsOff: KeyCheck = (patient) =>
  patient.record.generations
    .filter((each) => each.fingerprint !== undefined)
    .flatMap((each) => {
      const { generation, fingerprint, publicKey } = each;
      const stored = pairOf(patient, each)?.fingerprint;
      const messages = [
        ...(publicKey !== undefined && fingerprintOf(publicKey) !== fingerprint
          ? [`the public key of generation ${generation} in the record does not have the fingerprint beside it`]
          : []),
        ...(stored !== undefined && stored !== fingerprint
          ? [`the store holds another pair for generation ${generation} than the record says`]
          : []),
      ];
      return messages.map((message) => found('fingerprint-differs', patient.key.id, message));
    });

/** SHA-256 of the DER inside a PEM text. */
const fingerprintOf = (pem: string): string =>
  createHash('sha256')
    .update(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
    .digest('hex');

const pairDoesNotOpen: KeyCheck = ({ key, stored }) =>
  stored.unopened.map(({ message }) => found('material-unreadable', key.id, message));

const pairIsNobodys: KeyCheck = ({ key, record, stored }) => {
  const live = stored.material.filter(
    ({ generation, state }) =>
      state === 'live' &&
      generation <= record.last &&
      record.generations.every((each) => each.generation !== generation),
  );
  return live.map(({ generation, fingerprint }) => {
    const finished = record.history.find((each) => each.generation === generation);
    const isTheSame = finished?.fingerprint !== undefined && finished.fingerprint === fingerprint;
    return isTheSame && generation !== stored.current
      ? found(
          'erased-still-there',
          key.id,
          `the private half of generation ${generation} was destroyed ${finished.destroyed}, and the store has it`,
          { mend: { kind: 'erase', generation } },
        )
      : found('material-unknown', key.id, `the store holds generation ${generation}, which the record does not know`);
  });
};

export const MATERIAL_CHECKS: readonly KeyCheck[] = [
  pairIsMissing,
  storeIsFurther,
  consumersReadAnother,
  fingerprintIsOff,
  pairDoesNotOpen,
  pairIsNobodys,
];
