// The report as one page that needs nothing else: no script, no font, no picture, no request. For people who decide; what they see first is
// the claim, what came out, and how sure it is.
import { pageOf, text } from '../report/page.ts';
import { placeOf, scaleOf } from '../report/scale.ts';
import type { Scale } from '../report/scale.ts';
import { trackOf } from './chart.ts';
import type { Kpi, Parameter } from './experiment.ts';
import { decimalsFor, figure, interval, loneFigure, percent, plusMinus, signed } from './figures.ts';
import { cautions } from './report.ts';
import type { ArmReport, Difference, Report } from './report.ts';
import { CHART_STYLE } from './report-style.ts';
import { effectWord, kpiTitle } from './report-text.ts';

/** parameters: of the experiment, to explain the settings. */
export function htmlOf(report: Report, parameters: readonly Parameter[]): string {
  const { name, title } = report;
  const body = `${story(report)}
${facts(report)}
${cautions(report)
  .map((caution) => `<p class="card note">${text(caution)}</p>`)
  .join('\n')}
<h2>At a glance</h2>
<p class="quiet">Mean ± half of the 95 % interval${comparison(report)}.</p>
${kpiTable(report)}
<h2>How sure it is</h2>
<p class="quiet">A faint dot is one seed, the large one the mean, the whiskers the 95 % interval. A difference whose whiskers touch zero is unclear.</p>
<div class="charts">
${report.kpis.map((kpi) => kpiCharts(kpi, report)).join('\n')}
</div>
${checkTable(report)}
${settingsTable(report, parameters)}
<h2>Sources</h2>
<ul class="card">${report.sources.map((source) => `<li>${text(source)}</li>`).join('')}</ul>
<h2>Repeat it</h2>
<p class="quiet">The same command gives the same numbers to the last digit, on any machine with the same major version of Node.</p>
<pre class="card">${text(report.command)}</pre>
<footer>citytwin ${text(report.version)} · Node ${text(report.node)} · ${text(report.date)} · ${report.wallSeconds.toFixed(1)} s</footer>`;
  return pageOf({ title, eyebrow: `citytwin experiment · ${name}`, style: CHART_STYLE, body });
}

function comparison({ arms: [baseline, ...others] }: Report): string {
  return others.length === 0 ? '' : `; below it the difference to “${text(baseline!.label)}”, paired by seed`;
}

function story({ claim, verdict }: Report): string {
  return `<div class="story">
<section class="card claim"><h2>The claim</h2><p>${text(claim)}</p></section>
<section class="card verdict"><h2>What came out</h2><p>${text(verdict)}</p></section>
</div>`;
}

function facts({ arms, seeds, firstSeed, checks, date }: Report): string {
  const met = checks.filter(({ ok }) => ok).length;
  const rows = [
    ['Arms', `${arms.length}`, arms.length === 1 ? 'way to do it' : 'ways to do it'],
    ['Paired seeds', `${seeds}`, seeds === 1 ? `seed ${firstSeed}` : `${firstSeed} to ${firstSeed + seeds - 1}`],
    ['Checks met', checks.length === 0 ? '–' : `${met} of ${checks.length}`, ''],
    ['Date', date.slice(0, 10), ''],
  ];
  return `<dl class="facts">${rows
    .map(([term, value, note]) => `<div><dt>${term}</dt><dd>${value} <small>${note}</small></dd></div>`)
    .join('')}</dl>`;
}

/** The fewer of arms and KPIs across. */
function kpiTable({ kpis, arms, differences }: Report): string {
  const cells = arms.map((arm) =>
    kpis.map(({ name }) => {
      const decimals = decimalsFor(arms.map((one) => one.kpis[name]!));
      const difference = differences.find((one) => one.arm === arm.name && one.kpi === name);
      return `<td class="number">${plusMinus(arm.kpis[name]!, decimals)}${shareNote(difference)}</td>`;
    }),
  );
  const labels = arms.map(({ label }) => text(label));
  const titles = kpis.map(kpiHead);
  const across = kpis.length < arms.length;
  const turned = kpis.map((_, kpi) => cells.map((row) => row[kpi]!));
  return across ? tableOf(titles, labels, cells) : tableOf(labels, titles, turned);
}

/** HTML in all of them; cells: [row][column]. */
function tableOf(columns: readonly string[], rows: readonly string[], cells: readonly (readonly string[])[]): string {
  const head = columns.map((column) => `<th class="number" scope="col">${column}</th>`).join('');
  const body = rows.map((row, index) => `<tr><th scope="row">${row}</th>${cells[index]!.join('')}</tr>`).join('\n');
  return `<div class="card wide"><table class="kpis"><thead><tr><th scope="col"></th>${head}</tr></thead><tbody>
${body}
</tbody></table></div>`;
}

function kpiHead({ label, unit, better }: Kpi): string {
  const wish = better === 'neither' ? '' : `<small>${better} is better</small>`;
  return `${text(label)}${unit === '' ? '' : ` <span class="unit">[${text(unit)}]</span>`}${wish}`;
}

function shareNote(difference: Difference | undefined): string {
  if (difference === undefined || difference.n === 0) return '';
  const { share, effect } = difference;
  const words = effect === 'none' || share.n === 0 ? [] : [percent(share.mean)];
  return `<small class="${effect}">${[...words, effectWord(effect)].join(' ')}</small>`;
}

function kpiCharts(kpi: Kpi, report: Report): string {
  const differences = report.differences.filter(({ kpi: name, n }) => name === kpi.name && n > 0);
  return `<figure class="card">
<figcaption><b>${text(kpi.label)}</b><span>${text(kpiTitle(kpi).slice(kpi.label.length))}</span></figcaption>
${measuredPanel(kpi, report)}
${differences.length === 0 ? '' : differencePanel(kpi, differences, report)}
</figure>`;
}

function measuredPanel({ name }: Kpi, { arms: all, samples }: Report): string {
  const arms = all.filter((arm) => arm.kpis[name]!.n > 0);
  const own = arms.map((arm) => arm.kpis[name]!);
  const scale = scaleOf([...arms.flatMap((arm) => samples[arm.name]![name]!), ...own.flatMap(({ ci95 }) => [...ci95])]);
  const decimals = decimalsFor(own);
  const rows = arms.map((arm, index) => {
    const estimate = own[index]!;
    const value = plusMinus(estimate, decimals);
    const description = text(`${arm.label}: ${value}`);
    const dots = samples[arm.name]![name]!;
    return row(
      arm.label,
      trackOf(scale, { ...estimate, dots, tone: 'arm', zero: false, description }),
      `<b>${value}</b>`,
    );
  });
  return `<div class="panel"><p>Measured</p>${rows.join('')}${axis(scale)}</div>`;
}

function differencePanel({ name }: Kpi, differences: readonly Difference[], { arms, samples }: Report): string {
  const baseline = samples[arms[0]!.name]![name]!;
  const labelled = differences.map((difference) => ({
    ...difference,
    label: labelOf(arms, difference.arm),
    dots: samples[difference.arm]![name]!.map((value, seed) => value - baseline[seed]!),
  }));
  const scale = scaleOf([0, ...labelled.flatMap(({ dots, ci95 }) => [...dots, ...ci95])]);
  const decimals = decimalsFor(differences);
  const rows = labelled.map(({ label, effect, ...difference }) => {
    const value = `${signed(difference.mean, decimals)} ${interval(difference, decimals)}`;
    const description = text(`${label}: ${value} ${effectWord(effect)}`);
    const track = trackOf(scale, { ...difference, tone: effect, zero: true, description });
    const mean = `${signed(difference.mean, decimals)} <b class="${effect}">${effectWord(effect)}</b>`;
    return row(label, track, `${mean}<small>${interval(difference, decimals)}</small>`);
  });
  return `<div class="panel"><p>Difference to “${text(arms[0]!.label)}”</p>${rows.join('')}${axis(scale)}</div>`;
}

const labelOf = (arms: readonly ArmReport[], name: string) => arms.find((arm) => arm.name === name)!.label;

/** track, value: HTML. */
function row(label: string, track: string, value: string): string {
  return `<div class="row"><span class="label">${text(label)}</span>${track}<span class="value">${value}</span></div>`;
}

function axis(scale: Scale): string {
  const ticks = scale.ticks.map((tick) => {
    const left = (100 * placeOf(scale, tick)).toFixed(2);
    return `<span style="left:${left}%">${figure(tick, scale.decimals)}</span>`;
  });
  return `<div class="axis" aria-hidden="true">${ticks.join('')}</div>`;
}

function checkTable({ checks }: Report): string {
  if (checks.length === 0) return '';
  const rows = checks.map(
    ({ id, name, target, measured, tolerance, ok }) =>
      `<tr><td>${text(id)}</td><th scope="row">${text(name)}</th><td>${text(target)}</td><td class="number">${loneFigure(measured)}</td>` +
      `<td>${text(tolerance)}</td><td class="${ok ? 'ok' : 'failed'}"><b>${ok ? '✓ met' : '✗ not met'}</b></td></tr>`,
  );
  return `<h2>Checked against</h2>
<p class="quiet">Values that others published or that follow from theory.</p>
<div class="card wide"><table><thead><tr><th scope="col">Id</th><th scope="col">What</th><th scope="col">Target</th><th class="number" scope="col">Measured</th><th scope="col">Tolerance</th><th scope="col">Result</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>`;
}

function settingsTable({ settings }: Report, parameters: readonly Parameter[]): string {
  const rows = parameters.map((parameter) => {
    const { name, label } = parameter;
    const value = [settings[name]].flat().join(', ');
    const usual = [parameter.default].flat().join(', ');
    const unit = parameter.type === 'number' ? (parameter.unit ?? '') : '';
    const note = value === usual ? 'as usual' : `usually ${usual}`;
    return `<tr><th scope="row">${text(label)}<small>${text(name)}</small></th><td>${text(`${value} ${unit}`.trimEnd())}</td><td class="quiet">${text(note)}</td></tr>`;
  });
  if (rows.length === 0) return '';
  return `<h2>Settings</h2>
<div class="card wide"><table><thead><tr><th scope="col">What</th><th scope="col">Value</th><th scope="col"></th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>`;
}
