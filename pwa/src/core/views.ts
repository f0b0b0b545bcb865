import type {
  ApplicationView,
  CatalogueView,
  DayView,
  ResidentView,
  VisitView,
} from '../lib/views';

export type * from '../lib/views';

export type View = ApplicationView | VisitView | ResidentView | DayView | CatalogueView;
/** What a document is about. */
export type Kind = View['kind'];
export type Sex = 'L' | 'P';
