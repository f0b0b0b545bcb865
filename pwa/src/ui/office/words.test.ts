import { describe, expect, it } from 'vitest';
import type { Standard } from '../../lib/views';
import { differingKeys } from './compare';
import { keyLabel, keyValue, personValue } from './words';

const STANDARD: Standard = {
  service: 'DUKCAPIL-02',
  version: 1,
  name: 'Penerbitan/Perubahan Kartu Keluarga',
  requirements: ['Formulir F-1.02', 'KK lama'],
  duration: '1 hari kerja',
  fee: 'Rp0',
  product: 'KK',
  offline: 'intake',
  valid_from: '2024-03-28',
  fields: [{ key: 'reason', label: 'Alasan perubahan', type: 'text', required: true }],
};
const VILLAGES = { '16.04.12.2026': "Jenti'an, Kec. Pajar Bulan" };

describe('the words for what was typed', () => {
  it('name a key as the form does', () => {
    expect(keyLabel('applicant.name', STANDARD)).toBe('Pemohon · Nama');
    expect(keyLabel('subject.birth_date', STANDARD)).toBe('Yang diurus · Tanggal lahir');
    expect(keyLabel('field.reason', STANDARD)).toBe('Alasan perubahan');
    expect(keyLabel('check/1', STANDARD)).toBe('KK lama');
    expect(keyLabel('phone', null)).toBe('Telepon');
  });

  it('show a key they do not know as it is', () => {
    expect(keyLabel('later/7', STANDARD)).toBe('later/7');
    expect(keyLabel('field.gone', STANDARD)).toBe('gone');
    expect(keyLabel('check/9', STANDARD)).toBe('check/9');
  });

  it('always name the kecamatan of a village', () => {
    const shown = { villages: VILLAGES, numbers: false };
    expect(personValue('village', '16.04.12.2026', shown)).toBe("Jenti'an, Kec. Pajar Bulan");
    expect(personValue('village', '16.04.99.2001', shown)).toBe('16.04.99.2001');
  });

  it('mask identity numbers until somebody asks for them', () => {
    const nik = '1604100101909902';
    expect(keyValue('applicant.nik', nik, { villages: {}, numbers: false })).toBe('••••••••••••9902');
    expect(keyValue('applicant.nik', nik, { villages: {}, numbers: true })).toBe(nik);
  });

  it('read a tick and an emptied field', () => {
    const shown = { villages: {}, numbers: false };
    expect(keyValue('check/0', 'true', shown)).toBe('Ya');
    expect(keyValue('notes', '', shown)).toBe('kosong');
  });
});

describe('comparing two registrations', () => {
  it('names the keys that differ, and not those that only one of them has', () => {
    const one = { name: 'Siti Nuraini', birth_date: '2000-02-29', sex: 'P' } as const;
    const two = { name: 'Sulastri', birth_date: '2000-02-29', phone: '+6281234567890' };
    expect(differingKeys([one, two])).toEqual(['name']);
  });
});
