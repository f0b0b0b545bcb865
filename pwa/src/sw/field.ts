import { serveDoor } from './common';

declare const self: ServiceWorkerGlobalScope & {
  readonly __WB_MANIFEST: { url: string; revision: string | null }[];
};

serveDoor(self, {
  files: self.__WB_MANIFEST,
  page: '/petugas/index.html',
  denied: [/^\/(?!petugas(\/|$))/],
});
