import { postChoice, postIdentity, postOfficer, postSpelling, postStatus, postUndo } from '../../api/office';
import type { ApplicationView, ResidentGroup, Status } from '../../lib/views';
import { guarded } from './session.svelte.ts';

/**
 * What a supervisor decides. Each is written by the office as a change of its own, with the
 * supervisor's name, and reaches the tablets at their next sync.
 */

/** Sets a status after everything that is on the screen, which also resolves a conflict. */
export async function setStatus(application: ApplicationView, status: Status, reason: string): Promise<void> {
  const decision = { status, after: application.status.heads };
  const why = reason.trim();
  await guarded(() => postStatus(application.id, why === '' ? decision : { ...decision, reason: why }));
}

/** Chooses one of the values that were typed into the same field. */
export async function chooseValue(application: string, key: string, value: string): Promise<void> {
  await guarded(() => postChoice(application, key, value));
}

export async function chooseSpelling(group: ResidentGroup, value: string): Promise<void> {
  await guarded(() => postSpelling(group.key, value, group.members));
}

/** Answers "is this one person?" for a group and those it is asked about. */
export async function decideIdentity(group: ResidentGroup, decision: 'join' | 'split'): Promise<void> {
  const { key, members, question_with: others } = group;
  await guarded(() =>
    decision === 'join'
      ? postIdentity(key, decision, [...members, ...others], [])
      : postIdentity(key, decision, members, others),
  );
}

export async function undoDecision(resident: string, decision: string): Promise<void> {
  await guarded(() => postUndo(resident, decision));
}

/** Puts somebody on the roster of a day that is published; what was held back for it is tried again. */
export async function putOnRoster(day: string, username: string): Promise<void> {
  await guarded(() => postOfficer(day, username));
}
