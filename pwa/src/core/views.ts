import type {
  ApplicationView,
  CatalogueView,
  DayView,
  ResidentView,
  VisitView,
} from '../lib/views';

export type * from '../lib/views';

/** What a document is. The numbers are part of the wire format. */
export const KIND = {
  resident: 1,
  visit: 2,
  application: 3,
  service_day: 4,
  catalogue: 5,
} as const;
export type KindNumber = (typeof KIND)[keyof typeof KIND];

export type View = ApplicationView | VisitView | ResidentView | DayView | CatalogueView;
export type Sex = 'L' | 'P';
