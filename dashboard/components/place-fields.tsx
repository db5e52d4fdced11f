// Where an event is to happen: the whole city, a circle that is clicked or typed, a district or a street by name.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { city, language } from '../session.ts';
import { t } from '../i18n/text.ts';
import { mapHandle } from '../map/handle.ts';
import { namesOf } from '../map/places.ts';
import { radiusAtSlider, sliderOfRadius, type Draft, type PlaceMode } from '../scenario/injection.ts';
import { formatDistance } from '../text/format.ts';

interface PlaceProps {
  readonly draft: Draft;
  readonly onDraft: (change: Partial<Draft>) => void;
}

const MODES: readonly PlaceMode[] = ['everywhere', 'circle', 'district', 'street'];

export function PlaceFields({ draft, onDraft }: PlaceProps): JSX.Element {
  const modes = MODES.filter((mode) => mode !== 'everywhere' || draft.entry.where === 'optional');
  return (
    <fieldset class="place-fields">
      <legend>{t('where')}</legend>
      <div class="choices" role="group" aria-label={t('where')}>
        {modes.map((mode) => (
          <button
            key={mode}
            type="button"
            data-testid={`place-${mode}`}
            aria-pressed={draft.placeMode === mode}
            onClick={() => onDraft({ placeMode: mode })}
          >
            {t(`place_${mode}` as 'place_circle')}
          </button>
        ))}
      </div>
      {draft.placeMode === 'circle' && <CircleFields draft={draft} onDraft={onDraft} />}
      {draft.placeMode === 'district' && <DistrictField draft={draft} onDraft={onDraft} />}
      {draft.placeMode === 'street' && <StreetField draft={draft} onDraft={onDraft} />}
    </fieldset>
  );
}

function CircleFields({ draft, onDraft }: PlaceProps): JSX.Element {
  const takeMiddle = (): void => {
    const middle = mapHandle.value?.center();
    if (middle !== undefined) onDraft({ lat: middle.lat.toFixed(5), lon: middle.lon.toFixed(5) });
  };
  return (
    <>
      <p class="quiet hint">{t('clickOrType')}</p>
      <div class="field-row">
        <CoordinateField name="lat" label={t('latitude')} text={draft.lat} onText={(lat) => onDraft({ lat })} />
        <CoordinateField name="lon" label={t('longitude')} text={draft.lon} onText={(lon) => onDraft({ lon })} />
      </div>
      <button type="button" class="small" data-testid="place-middle" onClick={takeMiddle}>
        {t('middleOfMap')}
      </button>
      <label class="command-field" for="radius">
        <span>
          {t('radius')} <b>{formatDistance(draft.radiusM, language.value)}</b>
        </span>
        <input
          id="radius"
          type="range"
          min={0}
          max={100}
          value={sliderOfRadius(draft.radiusM)}
          aria-valuetext={formatDistance(draft.radiusM, language.value)}
          onInput={(event) => onDraft({ radiusM: radiusAtSlider(Number(event.currentTarget.value)) })}
        />
      </label>
    </>
  );
}

interface CoordinateProps {
  readonly name: 'lat' | 'lon';
  readonly label: string;
  readonly text: string;
  readonly onText: (text: string) => void;
}

function CoordinateField({ name, label, text, onText }: CoordinateProps): JSX.Element {
  return (
    <label class="command-field" for={`place-${name}-text`}>
      <span>{label}</span>
      <input
        id={`place-${name}-text`}
        data-testid={`place-${name}`}
        type="text"
        inputMode="decimal"
        autocomplete="off"
        placeholder={name === 'lat' ? '31.57000' : '120.30000'}
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </label>
  );
}

function DistrictField({ draft, onDraft }: PlaceProps): JSX.Element {
  const map = city.value;
  const names = useMemo(() => (map === null ? [] : namesOf(map, 'district')), [map]);
  return (
    <label class="command-field" for="place-district-name">
      <span>{t('place_district')}</span>
      <select
        id="place-district-name"
        data-testid="district"
        value={draft.district}
        onChange={(event) => onDraft({ district: event.currentTarget.value })}
      >
        <option value="">{t('choose')}</option>
        {names.map(({ en, zh }) => (
          <option key={en} value={en}>
            {language.value === 'zh' ? zh : en}
          </option>
        ))}
      </select>
    </label>
  );
}

function StreetField({ draft, onDraft }: PlaceProps): JSX.Element {
  const map = city.value;
  const names = useMemo(() => (map === null ? [] : namesOf(map, 'street')), [map]);
  return (
    <label class="command-field" for="place-street-name">
      <span>{t('place_street')}</span>
      <input
        id="place-street-name"
        data-testid="street"
        type="text"
        list="street-names"
        autocomplete="off"
        placeholder={t('streetHint')}
        value={draft.street}
        onInput={(event) => onDraft({ street: event.currentTarget.value })}
      />
      <datalist id="street-names">
        {names.map(({ en, zh }) => (
          <option key={en} value={en}>
            {zh}
          </option>
        ))}
      </datalist>
    </label>
  );
}
