/** What officers read at /petugas. */
export const id = {
  title: 'Petugas',
} as const;
