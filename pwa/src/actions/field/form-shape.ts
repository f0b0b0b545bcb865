/** The form's shape, for the screens: they import actions and nothing below them. */
export {
  emptyForm,
  emptyPerson,
  isBlank,
  maskedNik,
  needsConfirming,
  nextForm,
  personForm,
  PERSON_KEYS,
  type ApplicationForm,
  type PersonForm,
  type Role,
} from '../../form/application-form';
