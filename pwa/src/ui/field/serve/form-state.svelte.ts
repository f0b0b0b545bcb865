import { SvelteSet } from 'svelte/reactivity';
import { dayCatalogue, type AgencyServices } from '../../../actions/field/catalogue';
import { checkForm, type CheckedForm, type FormFinding } from '../../../actions/field/check-form';
import { DraftKeeper, loadDraft, type Kept } from '../../../actions/field/drafts';
import { readResident } from '../../../actions/field/find-residents';
import { emptyForm, emptyPerson, personForm, type ApplicationForm } from '../../../actions/field/form-shape';
import { registerApplication, type RegisterAnswer } from '../../../actions/field/register-application';
import { residentName } from '../../../actions/field/resident-name';
import type { Tablet } from '../../../actions/field/tablet';
import { readVisit } from '../../../actions/field/visits';
import type { Standard } from '../../../lib/views';

/** Milliseconds of quiet before the rules look at the form again. */
const CHECK_QUIET = 200;

/** The form of one visit while it is open: what is typed, what the rules say, the draft. */
export class FormState {
  form = $state<ApplicationForm>(emptyForm(null, ''));
  agencies = $state.raw<AgencyServices[]>([]);
  checked = $state.raw<CheckedForm>({ findings: [], shown: [], people: {} });
  attempted = $state(false);
  saving = $state(false);
  /** What became of what was typed so far. */
  kept = $state<Kept>('kept');
  readonly touched = new SvelteSet<string>();
  /** The agency whose services are shown first. */
  preferred = '';

  readonly standard = $derived<Standard | undefined>(
    this.agencies
      .flatMap(({ services }) => services)
      .find(({ service }) => service === this.form.service),
  );

  private readonly keeper: DraftKeeper;
  private before = '';
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly tablet: Tablet,
    private readonly visit: string,
  ) {
    this.keeper = new DraftKeeper(tablet, visit, (kept) => (this.kept = kept));
  }

  /** Reads the visit, its draft and the services. False when there is no such visit here. */
  async open(): Promise<boolean> {
    const [found, draft, agencies] = await Promise.all([
      readVisit(this.tablet, this.visit),
      loadDraft(this.tablet, this.visit),
      dayCatalogue(this.tablet),
    ]);
    this.agencies = agencies;
    if (found === undefined) return false;
    this.form = draft ?? emptyForm(this.visit, found.visit.ticket);
    if (draft === undefined && found.visit.resident !== undefined) {
      await this.takeResident(found.visit.resident);
    }
    const last = found.applications.at(-1)?.service;
    this.preferred =
      agencies.find(({ services }) => services.some(({ name }) => name === last))?.code ??
      this.tablet.facts.get().account?.agency ??
      '';
    this.before = JSON.stringify(this.form);
    return true;
  }

  /** To be called whenever the form may have changed: keeps the draft and asks the rules. */
  changed(): void {
    const form = $state.snapshot(this.form);
    const text = JSON.stringify(form);
    if (text === this.before && this.checked.findings.length > 0) return;
    if (text !== this.before) this.keeper.keep(form);
    this.before = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.check(), CHECK_QUIET);
  }

  async check(): Promise<void> {
    const form = $state.snapshot(this.form);
    const checked = await checkForm(this.tablet, form, this.standard);
    if (JSON.stringify(form) === JSON.stringify(this.form)) this.checked = checked;
  }

  /** Lays an earlier registration into the form; the office's spelling of the name counts. */
  async takeResident(id: string): Promise<void> {
    const resident = await readResident(this.tablet, id);
    if (resident === undefined) return;
    const person = personForm(resident.person);
    person.name = (await residentName(this.tablet, id)) ?? person.name;
    this.form.resident = id;
    this.form.applicant = person;
  }

  /** It is somebody else after all. */
  dropResident(): void {
    this.form.resident = null;
    this.form.applicant = emptyPerson();
  }

  confirm(key: string): void {
    this.form.confirmed.push(key);
  }

  async save(): Promise<RegisterAnswer> {
    this.saving = true;
    this.attempted = true;
    await this.keeper.flush();
    this.keeper.close();
    const form = $state.snapshot(this.form);
    const answer = await registerApplication(this.tablet, form, this.standard, this.visit);
    if (!answer.ok) {
      this.keeper.reopen();
      await this.check();
    }
    this.saving = false;
    return answer;
  }

  /** Keeps what was typed now: the page is left or the app put away. */
  leave(): Promise<void> {
    return this.keeper.flush();
  }

  /** What keeps the form from being saved. */
  blocking(): FormFinding[] {
    return this.checked.findings.filter(
      ({ severity, toConfirm, key }) =>
        severity === 'error' || (toConfirm && !this.form.confirmed.includes(key)),
    );
  }
}
