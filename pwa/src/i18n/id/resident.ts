/** What people read at /. */
export const id = {
  title: 'Layanan',
} as const;
