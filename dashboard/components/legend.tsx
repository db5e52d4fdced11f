// What shapes and colours mean right now, and which kinds are on the map.
import type { JSX } from 'preact';
import { useSignal } from '@preact/signals';
import type { KindDescription } from '../answers.ts';
import { colourField, fleetStep, kinds, language, layerChoice, selection, theme, view } from '../session.ts';
import { DELAY_END_S, css, delayColour, viridis } from '../map/colour.ts';
import { markScales } from '../map/handle.ts';
import { fixedRange, inRailOrder, kindColour, shownByDefault, systemColour, systemOf } from '../map/looks.ts';
import type { MarkScale } from '../map/marks.ts';
import { fleets, numericFields } from '../live/fleet.ts';
import { formatDuration, formatValue } from '../text/format.ts';
import { labelOf, t, type TextKey } from '../i18n/text.ts';
import { kindTitle } from './kind-title.ts';

export function Legend(): JSX.Element | null {
  const open = useSignal(!matchMedia('(max-width: 720px)').matches);
  const described = kinds.value;
  if (described === null || described.length === 0) return null;
  void fleetStep.value;
  const ordered = inRailOrder(described);
  const placed = ordered.filter((kind) => (fleets.get(kind.kind)?.placedCount ?? 0) > 0);
  const main =
    ordered.find((kind) => kind.kind === view.value) ?? ordered.find((kind) => markScales.value.has(kind.kind));
  return (
    <details class="legend" open={open.value} onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>{t('legend')}</summary>
      {ordered
        .filter(
          (kind) => kind === main || (view.value === 'overview' && ['bus', 'vehicle'].includes(systemOf(kind.kind))),
        )
        .map((kind) => (
          <KindLegend key={kind.kind} kind={kind} scale={markScales.value.get(kind.kind)} />
        ))}
      <fieldset class="legend-layers">
        <legend>{t('layers')}</legend>
        {placed.map((kind) => (
          <LayerSwitch key={kind.kind} kind={kind} />
        ))}
      </fieldset>
    </details>
  );
}

function LayerSwitch({ kind: { kind, ...rest } }: { readonly kind: KindDescription }): JSX.Element {
  const on = layerChoice.value[kind] ?? (shownByDefault(kind, view.value) || selection.value?.kind === kind);
  const toggle = (): void => {
    layerChoice.value = { ...layerChoice.value, [kind]: !on };
  };
  return (
    <label class="layer-switch">
      <input type="checkbox" checked={on} onChange={toggle} />
      <i class="dot" style={{ background: css(kindColour(kind, theme.value)) }} />
      {kindTitle({ kind, ...rest })}
    </label>
  );
}

function KindLegend({
  kind,
  scale,
}: {
  readonly kind: KindDescription;
  readonly scale: MarkScale | undefined;
}): JSX.Element | null {
  if (scale === undefined) return null;
  const field = scale.field === undefined ? undefined : kind.fields[scale.field];
  const system = systemOf(kind.kind);
  return (
    <div class="legend-kind">
      <div class="legend-title">
        <span>
          {kindTitle(kind)}
          {field !== undefined && ` · ${labelOf(field)}`}
        </span>
        {system === 'bus' && <BusColours kind={kind} chosen={scale.field} />}
        {(system === 'meter' || system === 'other') && <FieldChoice kind={kind} chosen={scale.field} />}
      </div>
      {scale.field === 'occupied' ? <OccupiedKeys gathered={scale.gathered} /> : <Ramp kind={kind} scale={scale} />}
    </div>
  );
}

const BUS_COLOURS: readonly (readonly [field: string, text: TextKey])[] = [
  ['delayS', 'lateness'],
  ['occupancyRatio', 'occupancy'],
];

function BusColours({
  kind,
  chosen,
}: {
  readonly kind: KindDescription;
  readonly chosen: string | undefined;
}): JSX.Element {
  const choose = (field: string): void => {
    const { bus: _before, ...rest } = colourField.value;
    colourField.value = field === 'delayS' ? rest : { ...rest, bus: field };
  };
  return (
    <span class="segments" role="group" aria-label={t('colourBuses')}>
      {BUS_COLOURS.filter(([field]) => kind.fields[field] !== undefined).map(([field, text]) => (
        <button
          key={field}
          type="button"
          data-testid={`colour-${field}`}
          aria-pressed={chosen === field}
          onClick={() => choose(field)}
        >
          {t(text)}
        </button>
      ))}
    </span>
  );
}

function FieldChoice({
  kind,
  chosen,
}: {
  readonly kind: KindDescription;
  readonly chosen: string | undefined;
}): JSX.Element | null {
  const fields = numericFields(kind);
  if (fields.length < 2) return null;
  return (
    <select
      aria-label={t('colourBy')}
      value={chosen}
      onChange={(event) => (colourField.value = { ...colourField.value, [kind.kind]: event.currentTarget.value })}
    >
      {fields.map(([name, field]) => (
        <option key={name} value={name}>
          {labelOf(field)}
        </option>
      ))}
    </select>
  );
}

function OccupiedKeys({ gathered }: { readonly gathered: boolean }): JSX.Element {
  const colour = css(systemColour('parking', theme.value));
  if (gathered) {
    const ramp = `conic-gradient(${colour} 0 68%, color-mix(in srgb, ${colour} 28%, transparent) 68% 100%)`;
    return (
      <div class="legend-keys">
        <i class="key-ring" style={{ background: ramp }} /> {t('parkingOccupancy')}
      </div>
    );
  }
  return (
    <div class="legend-keys">
      <i class="key-slot" style={{ background: colour, borderColor: colour }} /> {t('occupied')}
      <i class="key-slot" style={{ borderColor: colour }} /> {t('free')}
    </div>
  );
}

function Ramp({ kind, scale }: { readonly kind: KindDescription; readonly scale: MarkScale }): JSX.Element | null {
  const name = scale.field;
  const range = name === undefined ? undefined : (fixedRange(name) ?? scale.range);
  if (name === undefined || range === undefined) return null;
  const steps = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const delay = name === 'delayS';
  const colours = steps.map((step) =>
    css(delay ? delayColour((2 * step - 1) * DELAY_END_S, theme.value) : viridis(step, theme.value)),
  );
  const unit = kind.fields[name]?.unit ?? '';
  const ends = delay
    ? [
        `${formatDuration(DELAY_END_S, language.value)} ${t('early')}`,
        t('onTime'),
        `${formatDuration(DELAY_END_S, language.value)} ${t('late')}`,
      ]
    : name === 'occupancyRatio'
      ? ['0\u2009%', '100\u2009%']
      : [formatValue(range[0], unit, language.value), formatValue(range[1], unit, language.value)];
  return (
    <>
      <div class="legend-ramp" style={{ background: `linear-gradient(90deg, ${colours.join(', ')})` }} />
      <div class="legend-ends">
        {ends.map((end) => (
          <span key={end}>{end}</span>
        ))}
      </div>
    </>
  );
}
