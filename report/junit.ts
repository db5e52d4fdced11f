// JUnit XML, as CI servers read it: one suite, one test case for each thing that was expected.

const ESCAPES: { readonly [character: string]: string } = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
};

export interface Suite {
  readonly name: string;
  readonly wallSeconds: number;
  readonly cases: readonly Case[];
}

/** Passed, unless it says in words why not. */
export interface Case {
  readonly name: string;
  readonly failure?: string | undefined;
  readonly skipped?: string | undefined;
}

export function junitOf({ name: suite, wallSeconds, cases }: Suite): string {
  const text = (value: string) =>
    value.replace(/[<>&"]/g, (character) => ESCAPES[character]!).replace(/[^\t\n\r\u0020-\uFFFD]/g, '?');
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const left = cases.filter(({ skipped }) => skipped !== undefined).length;
  const skips = left === 0 ? '' : ` skipped="${left}"`;
  const totals = `tests="${cases.length}" failures="${failures}"${skips} time="${wallSeconds}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite name="${text(suite)}" ${totals}>`,
    ...cases.map(({ name, failure, skipped }) => {
      const head = `    <testcase classname="${text(suite)}" name="${text(name)}"`;
      if (skipped !== undefined) return `${head}>\n      <skipped message="${text(skipped)}"/>\n    </testcase>`;
      if (failure === undefined) return `${head}/>`;
      return `${head}>\n      <failure message="${text(failure)}"/>\n    </testcase>`;
    }),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}
