// On which days each service of a feed runs: calendar.txt by weekday and period, calendar_dates.txt with its exceptions.
import type { Problems } from './problems.ts';
import type { FeedFiles } from './source.ts';
import { dayOf, needed, place, readTable } from './table.ts';

/** From Sunday, as days since 1970 count. */
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** Days since 1970, all included. */
export interface Service {
  readonly id: string;
  readonly firstDay: number;
  readonly lastDay: number;
  /** By weekday, 0 = Sunday. */
  readonly weekdays: readonly boolean[];
  /** True: runs on that day, false: does not, whatever the weekday. */
  readonly exceptions: Map<number, boolean>;
}

export type ServiceDays = ReadonlyMap<string, Service>;

export async function readCalendar(files: FeedFiles, problems: Problems): Promise<ServiceDays> {
  const services = new Map<string, Service>();
  if (files.has('calendar.txt')) {
    const required = ['service_id', 'start_date', 'end_date', ...WEEKDAYS];
    await readTable(files, 'calendar.txt', required, problems, (row) => {
      const id = needed(row, 'service_id', problems);
      const firstDay = dayOf(row, 'start_date', problems);
      const lastDay = dayOf(row, 'end_date', problems);
      const weekdays = WEEKDAYS.map((field) => {
        const value = row.get(field);
        if (value !== '0' && value !== '1') problems.add({ ...place(row, field), expected: '0 or 1' });
        return value === '1';
      });
      if (id === undefined || firstDay === undefined || lastDay === undefined) return;
      if (lastDay < firstDay)
        problems.add({ ...place(row, 'end_date'), expected: `a date from ${row.get('start_date')} on` });
      if (services.has(id)) problems.add({ ...place(row, 'service_id'), expected: 'an id that no earlier row has' });
      services.set(id, { id, firstDay, lastDay, weekdays, exceptions: new Map() });
    });
  }
  if (files.has('calendar_dates.txt')) await readExceptions(files, services, problems);
  return services;
}

async function readExceptions(files: FeedFiles, services: Map<string, Service>, problems: Problems): Promise<void> {
  await readTable(files, 'calendar_dates.txt', ['service_id', 'date', 'exception_type'], problems, (row) => {
    const id = needed(row, 'service_id', problems);
    const day = dayOf(row, 'date', problems);
    const type = row.get('exception_type');
    if (type !== '1' && type !== '2')
      problems.add({ ...place(row, 'exception_type'), expected: '1 (runs) or 2 (does not run)' });
    if (id === undefined || day === undefined) return;
    let service = services.get(id);
    if (service === undefined) {
      service = { id, firstDay: 0, lastDay: -1, weekdays: WEEKDAYS.map(() => false), exceptions: new Map() };
      services.set(id, service);
    }
    service.exceptions.set(day, type === '1');
  });
}

export function runsOn(service: Service, day: number): boolean {
  const exception = service.exceptions.get(day);
  if (exception !== undefined) return exception;
  return day >= service.firstDay && day <= service.lastDay && service.weekdays[weekdayOf(day)]!;
}

/** 0 = Sunday. day: days since 1970, which began on a Thursday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}
