// All devices of one kind: how many, how the chosen field is spread, and a list to choose from. Built from the description alone.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { KindDescription } from '../answers.ts';
import { fleets, numericFields, type Fleet } from '../live/fleet.ts';
import { histogram, meanOf, shareOf, valuesOf } from '../live/summary.ts';
import { css } from '../map/colour.ts';
import { fixedRange, markColour, shownField, systemOf, valueRange } from '../map/looks.ts';
import { colourField, fleetStep, language, select, theme } from '../session.ts';
import { formatCount, formatValue } from '../text/format.ts';
import { labelOf, t } from '../i18n/text.ts';

const LIST_ROWS = 60;
const SLICES = 24;

export function KindPanel({ kind }: { readonly kind: KindDescription }): JSX.Element {
  void fleetStep.value;
  const fleet = fleets.get(kind.kind);
  if (fleet === undefined || fleet.ids.length === 0) return <p class="empty">{t('noDevices')}</p>;
  const field = shownField(fleet, colourField.value[kind.kind]);
  return (
    <>
      <Summary fleet={fleet} kind={kind} field={field} />
      <DeviceList fleet={fleet} kind={kind} field={field} />
    </>
  );
}

interface SummaryProps {
  readonly fleet: Fleet;
  readonly kind: KindDescription;
  readonly field: string | undefined;
}

function Summary({ fleet, kind, field }: SummaryProps): JSX.Element {
  const described = field === undefined ? undefined : kind.fields[field];
  const share = field === undefined ? undefined : shareOf(fleet, field);
  const mean = field === undefined ? undefined : meanOf(fleet, field);
  const unit = described?.unit ?? '';
  const text = share === undefined ? formatValue(mean, unit, language.value) : `${Math.round(100 * share)}\u2009%`;
  return (
    <div class="summary">
      <dl class="big-numbers">
        <div>
          <dt>{t('devices')}</dt>
          <dd>{formatCount(fleet.ids.length, language.value)}</dd>
        </div>
        {described !== undefined && (
          <div>
            <dt>
              {labelOf(described)}
              {share === undefined && ` · ${t('allDevices')}`}
            </dt>
            <dd>{text}</dd>
          </div>
        )}
      </dl>
      {numericFields(kind).length > 1 && field !== undefined && (
        <label class="colour-by">
          {t('colourBy')}
          <select
            value={field}
            onChange={(event) => (colourField.value = { ...colourField.value, [kind.kind]: event.currentTarget.value })}
          >
            {Object.entries(kind.fields)
              .filter(([name, { type }]) => name !== 'lat' && name !== 'lon' && type !== 'string')
              .map(([name, option]) => (
                <option key={name} value={name}>
                  {labelOf(option)}
                </option>
              ))}
          </select>
        </label>
      )}
      {field !== undefined && share === undefined && <Distribution fleet={fleet} kind={kind} field={field} />}
    </div>
  );
}

function Distribution({
  fleet,
  kind,
  field,
}: {
  readonly fleet: Fleet;
  readonly kind: KindDescription;
  readonly field: string;
}): JSX.Element | null {
  const values = valuesOf(fleet, field);
  const range = fixedRange(field) ?? valueRange(kind.fields[field], values);
  if (range === undefined || values.length < 3) return null;
  const counts = histogram(values, range[0], range[1], SLICES);
  const most = Math.max(...counts);
  const unit = kind.fields[field]!.unit;
  const ends = range.map((end) => formatValue(end, unit, language.value));
  const colourAt = (index: number): string =>
    css(
      markColour(
        systemOf(kind.kind),
        field,
        range[0] + ((index + 0.5) / SLICES) * (range[1] - range[0]),
        range,
        theme.value,
      ),
    );
  return (
    <figure class="distribution">
      <svg
        role="img"
        aria-label={`${t('distribution')}: ${ends.join(' – ')}`}
        viewBox={`0 0 ${SLICES * 10} 56`}
        preserveAspectRatio="none"
      >
        {counts.map((count, index) => (
          <rect
            key={index}
            x={index * 10 + 0.5}
            width={9}
            y={56 - (54 * count) / most}
            height={(54 * count) / most}
            fill={colourAt(index)}
          />
        ))}
      </svg>
      <figcaption>
        <span>{ends[0]}</span>
        <span>{t('distribution')}</span>
        <span>{ends[1]}</span>
      </figcaption>
    </figure>
  );
}

function DeviceList({ fleet, kind, field }: SummaryProps): JSX.Element {
  const query = useSignal('');
  const wanted = query.value.toLowerCase();
  // Twenty thousand names are put in order when one is new, not with every report.
  const matching = useMemo(() => matchingOf(fleet, wanted), [fleet, fleet.ids.length, wanted]);
  const size = (index: number): number => {
    const value = field === undefined ? undefined : fleet.fields[index]![field];
    return typeof value === 'number' ? Math.abs(value) : 0;
  };
  const byDelay = field === 'delayS';
  const rows = (byDelay ? matching.toSorted((a, b) => size(b.index) - size(a.index)) : matching).slice(0, LIST_ROWS);
  const described = field === undefined ? undefined : kind.fields[field];
  const without = fleet.ids.length - fleet.placedCount;
  return (
    <section>
      <h3>
        {byDelay ? t('mostLate') : t('devices')}
        {without > 0 && (
          <span class="quiet caption"> {`${t('withoutPosition')}: ${formatCount(without, language.value)}`}</span>
        )}
      </h3>
      <input
        class="filter"
        type="search"
        placeholder={t('searchHint')}
        aria-label={t('search')}
        value={query.value}
        onInput={(event) => (query.value = event.currentTarget.value)}
      />
      {rows.length === 0 && <p class="empty">{t('noMatch')}</p>}
      <ul class="devices">
        {rows.map(({ id, index }) => (
          <li key={id}>
            <button type="button" onClick={() => select(kind.kind, id)}>
              <span>{id}</span>
              <span class="quiet">{textFieldOf(kind, fleet, index)}</span>
              <b>
                {described === undefined
                  ? ''
                  : formatValue(fleet.fields[index]![field!], described.unit, language.value, described.resolution)}
              </b>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function matchingOf(fleet: Fleet, wanted: string): { readonly id: string; readonly index: number }[] {
  return fleet.ids
    .map((id, index) => ({ id, index }))
    .filter(({ id }) => id.toLowerCase().includes(wanted))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The first text a device reports, such as a bus's line, says more than its id. */
function textFieldOf(kind: KindDescription, fleet: Fleet, index: number): string {
  const name = Object.keys(kind.fields).find((field) => kind.fields[field]!.type === 'string');
  return name === undefined ? '' : String(fleet.fields[index]![name] ?? '');
}
