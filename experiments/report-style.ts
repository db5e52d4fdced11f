// What only the report of an experiment draws: rows of dots with whiskers, KPI tables, tones of better and worse. The page is report/style.ts.
export const CHART_STYLE = `
.claim p { font-size: 15px; }
.kpis tbody th { position: sticky; left: 0; background: var(--panel); min-width: 130px; }
.kpis thead th { min-width: 104px; }
.better { --tone: var(--good); } .worse { --tone: var(--bad); } .unclear, .none { --tone: var(--unclear); }
.differs, .arm { --tone: var(--accent); }
td small.better, td small.worse, .value b.better, .value b.worse { color: var(--tone); }
.panel { display: grid; grid-template-columns: minmax(80px, max-content) minmax(120px, 1fr) max-content; column-gap: 14px; align-items: center; }
.panel + .panel { margin-top: 20px; }
.panel > p { grid-column: 1 / -1; color: var(--quiet); font-size: 12px; margin-bottom: 4px; }
.row { display: contents; }
.label { max-width: 170px; line-height: 1.25; padding: 4px 0; }
.value { text-align: right; white-space: nowrap; font-size: 13px; line-height: 1.25; }
.value b { font-weight: 600; }
.value small { display: block; color: var(--quiet); font-size: 11px; }
.track { display: block; width: 100%; height: 100%; min-height: 34px; overflow: visible; }
.track path { fill: none; vector-effect: non-scaling-stroke; stroke: var(--tone); stroke-linecap: round; }
.track .grid { stroke: var(--line); stroke-width: 1; stroke-linecap: butt; }
.track .zero { stroke: var(--zero); stroke-width: 1.5; stroke-linecap: butt; }
.track .seeds { stroke-width: 4; opacity: .32; }
.track .whisker { stroke-width: 2; }
.track .mean { stroke-width: 9; }
.axis { grid-column: 2; position: relative; height: 18px; font-size: 11px; color: var(--quiet); }
.axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
@media (max-width: 640px) {
  .panel { display: block; }
  .row { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, max-content); align-items: end; column-gap: 12px; margin-top: 10px; }
  .row .track { grid-row: 2; grid-column: 1 / -1; height: 34px; }
  .label { max-width: none; padding: 0; }
  .value { white-space: normal; }
  .value small { display: inline-block; margin-left: 8px; white-space: nowrap; }
  .kpis tbody th { min-width: 120px; }
}
`;
