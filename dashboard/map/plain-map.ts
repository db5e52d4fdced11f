// The map without WebGL2: streets and water as lines, devices as dots, on a 2D canvas. Pan and zoom by dragging and wheel; no labels, no
// trail. Enough to see where things are and to choose one.
import type { CityMap } from '../answers.ts';
import { fleets, origin } from '../live/fleet.ts';
import { latOf, lonOf, mercatorX, mercatorY } from '../live/motion.ts';
import { drawTime } from '../live/sim-clock.ts';
import { previewCircle, setCenter, takesPlace } from '../scenario/draft.ts';
import { layerChoice, scenario, select, theme, view } from '../session.ts';
import { css } from './colour.ts';
import { placedNow } from './event-areas.ts';
import { nearestDevice } from './find.ts';
import { hover, type CityMapHandle } from './handle.ts';
import { boundsOf, ringOf, type Circle } from './places.ts';
import { defaultColourField, markColour, shownByDefault, systemOf } from './looks.ts';

const FRAME_MS = 250;
const REACH_PX = 12;
type Line = readonly (readonly [number, number])[];

export function createPlainMap(container: HTMLElement, city: CityMap): CityMapHandle {
  const canvas = document.createElement('canvas');
  canvas.className = 'plain-map';
  container.append(canvas);
  const pen = canvas.getContext('2d')!;
  const lines = { water: linesOf(city.layers.water), streets: linesOf(city.layers.streets) };
  const camera = { x: 0, y: 0, scale: 1 };
  const fit = (): void => {
    canvas.width = container.clientWidth;
    canvas.height = container.clientHeight;
    const [west, south, east, north] = city.bounds;
    const wide = mercatorX(east) - mercatorX(west);
    const high = mercatorY(south) - mercatorY(north);
    camera.scale = Math.min(canvas.width / wide, canvas.height / high) * 0.95;
    camera.x = mercatorX(west) + wide / 2;
    camera.y = mercatorY(north) + high / 2;
  };
  const toPx = (x: number, y: number): [number, number] => [
    (x - camera.x) * camera.scale + canvas.width / 2,
    (y - camera.y) * camera.scale + canvas.height / 2,
  ];
  const toUnits = (px: number, py: number): [number, number] => [
    (px - canvas.width / 2) / camera.scale + camera.x,
    (py - canvas.height / 2) / camera.scale + camera.y,
  ];
  const shown = () =>
    [...fleets.values()].filter(
      ({ description: { kind } }) => layerChoice.value[kind] ?? shownByDefault(kind, view.value),
    );
  const at = (event: PointerEvent | MouseEvent) => {
    const [x, y] = toUnits(event.offsetX, event.offsetY);
    return nearestDevice(shown(), x - origin.x, y - origin.y, REACH_PX / camera.scale, drawTime());
  };
  const draw = (): void => {
    const dark = theme.value === 'dark';
    pen.fillStyle = dark ? '#121a2b' : '#f7f8fb';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    strokeAll(pen, lines.water, dark ? '#0f2a43' : '#cfe3f5', 3, toPx);
    strokeAll(pen, lines.streets, dark ? '#37476a' : '#cdd5e4', 1, toPx);
    const areas = placedNow(scenario.value?.timeline ?? []).map(toRing);
    strokeAll(pen, areas, dark ? '#f2b134' : '#a86b00', 2, toPx);
    if (previewCircle.value !== undefined) strokeAll(pen, [toRing(previewCircle.value)], '#3b82f6', 2, toPx);
    const time = drawTime();
    for (const fleet of shown()) {
      const system = systemOf(fleet.description.kind);
      const field = defaultColourField(fleet.description);
      fleet.ids.forEach((_, index) => {
        const place = fleet.drawnAt(index, time);
        if (place === undefined) return;
        const [px, py] = toPx(mercatorX(place.lon), mercatorY(place.lat));
        pen.fillStyle = css(markColour(system, field, fleet.fields[index]![field ?? ''], undefined, theme.value));
        pen.fillRect(px - 2, py - 2, 4, 4);
      });
    }
  };
  fit();
  draw();
  const timer = setInterval(draw, FRAME_MS);
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    camera.scale *= Math.exp(-event.deltaY / 500);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.buttons === 1) {
      camera.x -= event.movementX / camera.scale;
      camera.y -= event.movementY / camera.scale;
    }
    const found = at(event);
    hover.value = found === undefined ? null : { ...found, x: event.offsetX, y: event.offsetY };
  });
  canvas.addEventListener('click', (event) => {
    if (takesPlace.value) {
      const [x, y] = toUnits(event.offsetX, event.offsetY);
      setCenter(latOf(y), lonOf(x));
      return;
    }
    const found = at(event);
    if (found !== undefined) select(found.kind, found.device);
  });
  return {
    project(lon, lat) {
      const [x, y] = toPx(mercatorX(lon), mercatorY(lat));
      const box = canvas.getBoundingClientRect();
      return { x: x + box.left, y: y + box.top };
    },
    center: () => ({ lat: latOf(camera.y), lon: lonOf(camera.x) }),
    showPlace(circle) {
      const [west, south, east, north] = boundsOf(circle);
      camera.scale = canvas.width / (mercatorX(east) - mercatorX(west));
      camera.x = mercatorX((west + east) / 2);
      camera.y = mercatorY((south + north) / 2);
    },
    cover() {
      // Dragging is enough here.
    },
    resize: fit,
    overview: fit,
    remove() {
      clearInterval(timer);
      canvas.remove();
    },
  };
}

function toRing(circle: Circle): Line {
  return ringOf(circle).map(([lon, lat]) => [mercatorX(lon), mercatorY(lat)] as const);
}

/** Every line and ring of a GeoJSON layer, in mercator units. */
function linesOf(layer: object): Line[] {
  const lines: Line[] = [];
  const walk = (value: unknown): void => {
    if (!Array.isArray(value) || value.length === 0) return;
    const first = (value as unknown[])[0];
    if (Array.isArray(first) && typeof first[0] === 'number') {
      lines.push((value as [number, number][]).map(([lon, lat]) => [mercatorX(lon), mercatorY(lat)] as const));
    } else for (const part of value as unknown[]) walk(part);
  };
  const { features } = layer as { features?: { geometry?: { coordinates?: unknown } }[] };
  for (const feature of features ?? []) walk(feature.geometry?.coordinates);
  return lines;
}

function strokeAll(
  pen: CanvasRenderingContext2D,
  lines: readonly Line[],
  colour: string,
  width: number,
  toPx: (x: number, y: number) => [number, number],
): void {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.beginPath();
  for (const line of lines) {
    line.forEach(([x, y], index) => {
      if (index === 0) pen.moveTo(...toPx(x, y));
      else pen.lineTo(...toPx(x, y));
    });
  }
  pen.stroke();
}
