/** What people read at /office. */
export const id = {
  title: 'Kantor',
} as const;
