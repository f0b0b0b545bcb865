import type { Status } from '../../lib/views';
import type { Sentences } from '../translate';

const statuses: Sentences<`status.${Status}`> = {
  'status.received': 'Diterima',
  'status.verified': 'Diverifikasi',
  'status.in_process': 'Diproses',
  'status.returned': 'Dikembalikan',
  'status.ready': 'Siap diambil',
  'status.handed_over': 'Sudah diambil',
  'status.rejected': 'Ditolak',
  'status.cancelled': 'Dibatalkan',
};

/** Words every door uses. */
export const id = {
  'app.name': 'MPP Bergerak',
  'app.full': 'Mal Pelayanan Publik bergerak',
  'app.skip': 'Langsung ke isi',
  'action.save': 'Simpan',
  'action.cancel': 'Batal',
  'action.close': 'Tutup',
  'action.back': 'Kembali',
  'action.retry': 'Coba lagi',
  'action.search': 'Cari',
  'action.clear': 'Hapus isian',
  'action.choose': 'Pilih',
  'language.label': 'Bahasa',
  'update.offered': 'Versi baru tersedia',
  'update.accept': 'Perbarui',
  'update.after': 'Halaman dimuat ulang setelah Anda menekan Perbarui.',
  'loading': 'Memuat…',
  'select.empty': 'Pilih…',
  'field.required': 'wajib',
  'field.optional': 'boleh kosong',
  'network.offline': 'Tidak ada jaringan',
  'error.NETWORK': 'Server tidak terjangkau. Periksa sambungan internet, lalu coba lagi.',
  'error.TIMEOUT': 'Server terlalu lama menjawab. Coba lagi sebentar lagi.',
  'error.UNREADABLE': 'Jawaban server tidak dapat dibaca. Coba lagi, atau hubungi petugas TI.',
  'error.RECORD_ERASED': 'Kantor sudah menghapus data ini, sesuai hukum. Tidak ada lagi yang dapat diubah di sini.',
  'error.UNEXPECTED': 'Ada yang tidak berjalan semestinya. Muat ulang halaman ini, lalu coba lagi.',
  'demo.note': 'Ini contoh untuk mencoba. Data di sini bukan data sungguhan.',
  ...statuses,
} as const;
