// What only the report of a load run draws: lines over time or percentiles. The page is report/style.ts.
export const LINES_STYLE = `
.line-chart { display: grid; grid-template-columns: max-content 1fr; column-gap: 8px; }
.line-chart .plot { position: relative; height: 200px; border-bottom: 1px solid var(--line); }
.line-chart svg { display: block; width: 100%; height: 100%; overflow: visible; }
.line-chart path { fill: none; vector-effect: non-scaling-stroke; stroke-width: 2; stroke-linejoin: round; }
.line-chart .grid { stroke: var(--line); stroke-width: 1; }
.y-axis { position: relative; min-width: 54px; font-size: 11px; color: var(--quiet); }
.y-axis span { position: absolute; right: 0; transform: translateY(50%); white-space: nowrap; }
.x-axis { grid-column: 2; position: relative; height: 20px; font-size: 11px; color: var(--quiet); }
.x-axis span { position: absolute; top: 3px; transform: translateX(-50%); white-space: nowrap; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 0 0 12px; padding: 0; list-style: none; font-size: 12px; color: var(--quiet); }
.legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 6px; vertical-align: middle; background: var(--stroke); }
.line-0 { --stroke: var(--accent); } .line-1 { --stroke: var(--good); } .line-2 { --stroke: var(--bad); } .line-3 { --stroke: var(--unclear); }
.line-chart .drawn { stroke: var(--stroke); }
.facts dd small { display: block; }
.clock { margin-top: 16px; }
.holds b { color: var(--good); } .breaks b { color: var(--bad); } .saturated b { color: var(--unclear); }
`;
