// How the page of any report looks: one sheet, light and dark as the reader's system has it, from a phone to a wall. No fonts, no pictures;
// what only one kind of report draws is styled there.
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f6fa; --panel: #ffffff; --line: #e1e6ef; --text: #142036; --quiet: #5b6b88;
  --accent: #2563eb; --good: #178a53; --bad: #c9431d; --unclear: #76819a; --zero: #142036;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0b1220; --panel: #141d30; --line: #26324a; --text: #e8eef9; --quiet: #93a1bd;
    --accent: #5b9bff; --good: #2bb673; --bad: #f0744e; --unclear: #8a94a8; --zero: #e8eef9;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 14px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1240px; margin: 0 auto; padding: 32px 24px 48px; }
h1 { font-size: 28px; line-height: 1.25; margin: 4px 0 20px; text-wrap: balance; }
h2 { font-size: 20px; line-height: 1.3; margin: 40px 0 4px; }
h3 { font-size: 14px; margin: 0 0 12px; }
p { margin: 0; }
.quiet, .eyebrow, caption, th small, td small { color: var(--quiet); }
.eyebrow { font-size: 12px; letter-spacing: .04em; text-transform: uppercase; }
.card { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 20px; }
.story { display: grid; grid-template-columns: 2fr 3fr; gap: 16px; }
.story h2 { font-size: 12px; margin: 0 0 8px; color: var(--quiet); letter-spacing: .04em; text-transform: uppercase; }
.verdict { border-left: 4px solid var(--accent); }
.verdict p { font-size: 18px; line-height: 1.45; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 16px; margin: 16px 0 0; }
.facts div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 20px; }
.facts dt { color: var(--quiet); font-size: 12px; }
.facts dd { margin: 0; font-size: 20px; font-weight: 600; }
.facts dd small { font-size: 12px; font-weight: 400; color: var(--quiet); }
.note { margin: 16px 0 0; padding: 12px 20px; border-left: 4px solid var(--bad); }
.wide { overflow-x: auto; margin-top: 12px; padding: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: 10px 14px; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--quiet); font-weight: 500; font-size: 12px; line-height: 1.3; vertical-align: bottom; }
thead th.number { white-space: normal; }
tbody th { font-weight: 500; }
th small, td small { display: block; font-size: 12px; font-weight: 400; }
.number { text-align: right; white-space: nowrap; }
figure { margin: 0; }
figcaption { margin-bottom: 12px; }
figcaption b { font-size: 15px; }
figcaption span { color: var(--quiet); }
.ok b { color: var(--good); } .failed b { color: var(--bad); }
pre { margin: 12px 0 0; overflow-x: auto; font: 13px/1.5 ui-monospace, "Cascadia Code", Menlo, Consolas, monospace; }
ul.card { margin: 12px 0 0; padding-left: 40px; }
.unit { white-space: nowrap; }
footer { margin-top: 40px; color: var(--quiet); font-size: 12px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 560px), 1fr)); gap: 16px; margin-top: 12px; }
@media (max-width: 640px) {
  main { padding: 20px 16px 32px; }
  h1 { font-size: 24px; }
  .story { grid-template-columns: 1fr; }
  .facts { grid-template-columns: 1fr 1fr; gap: 8px; }
  .facts div { padding: 10px 14px; }
  .card { padding: 16px; }
  ul.card { padding-left: 32px; }
  .wide { padding: 0; }
  th, td { padding: 8px 10px; }
}
@media print { body { background: none; } .card { break-inside: avoid; } }
`;
