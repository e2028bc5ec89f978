/** One figure of a report, by what it says of what. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Whether more of it is better. */
  readonly isRate: boolean;
}

const RATE = /^([\d,.]+) (\S+\/s)$/;
/** Beside the result; the first group names what is measured, where it is not the row itself. */
const BESIDE: readonly (readonly [pattern: RegExp, unit: string])[] = [
  [/(p50|p99) ([\d,.]+) ms/g, "ms"],
  [/(server|PostgreSQL) ([\d,.]+) µs/g, "µs of CPU"],
  [/()(-?[\d,.]+) times the calibration/g, "times the calibration"],
  [/()(-?[\d,.]+) bytes/g, "bytes"],
];

/** The figures in the table at the end of a report. Aims, and what a figure is held against, are none. */
export function figuresOf(report: string): Figure[] {
  return [...report.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]*) \|$/gm)].flatMap((row) => {
    const [what, measured, beside] = row.slice(1) as [string, string, string];
    const [, perSecond, unit] = RATE.exec(measured) ?? [];
    const rates = perSecond === undefined ? [] : [figure(what, perSecond, unit as string, true)];
    const others = BESIDE.flatMap(([pattern, of]) =>
      [...beside.matchAll(pattern)].map(([, part, value]) =>
        figure(part === "" ? what : `${what}, ${part}`, value as string, of, false),
      ),
    );
    return [...rates, ...others];
  });
}

function figure(name: string, text: string, unit: string, isRate: boolean): Figure {
  return { name, value: Number(text.replaceAll(",", "")), unit, isRate };
}
