export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

/** Rows as aligned lines under their titles. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) =>
        columns[i]?.align === "right" ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      .join("   ")
      .trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("───");
  return [line(columns.map(({ title }) => title)), rule, ...rows.map(line)].map((text) => `  ${text}`);
}
