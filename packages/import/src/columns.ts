import { type Column, columnsOf, type Mapping } from "./mapping.ts";
import { shown } from "./reject-reasons.ts";
import { plainBlanks } from "./text.ts";
import { UsageError } from "./usage-error.ts";

/** The cell of a column that the mapping names, as what stands in it is meant. */
export type CellOf = (cells: readonly string[], column: Column) => string;

/** Finds the columns that the mapping names. Throws a `UsageError` if the header lacks one. */
export function columnReader(mapping: Mapping, header: readonly string[]): CellOf {
  const names = header.map(plainBlanks);
  const positions = new Map<Column, number>();
  for (const [path, column] of columnsOf(mapping)) {
    const position = typeof column === "number" ? column - 1 : names.indexOf(nameOf(column));
    const place = `mapping ${path.join(".")}`;
    if (position < 0 || position >= header.length) {
      const there = mapping.file.header
        ? `the header has ${header.map(shown).join(", ")}`
        : `the first row has ${header.length}`;
      throw new UsageError("column_unknown", `${place}: there is no column ${column}; ${there}`);
    }
    if (typeof column === "string" && names.indexOf(nameOf(column), position + 1) !== -1) {
      throw new UsageError("column_unknown", `${place}: the header has ${column} twice; name its position`);
    }
    positions.set(column, position);
  }
  const read = mapping.ids.armour === "strip" ? withoutArmour : (cell: string) => cell;
  return (cells, column) => read(cells[positions.get(column) as number] as string);
}

/** Whether a row names every column that the mapping names; of columns by position alone, whether it names any. */
export function isHeader(mapping: Mapping, cells: readonly string[]): boolean {
  const names = new Set(cells.map(plainBlanks));
  return columnsOf(mapping).every(([, column]) => typeof column === "number" || names.has(nameOf(column)));
}

function nameOf(column: string): string {
  return plainBlanks(column).trim();
}

/** What keeps a spreadsheet from taking an id for a number: `="0012"` and `'0012`. */
function withoutArmour(cell: string): string {
  if (cell.startsWith('="') && cell.endsWith('"') && cell.length > 2) {
    return cell.slice(2, -1).replaceAll('""', '"').trim();
  }
  return /^'[\d=+@-]/.test(cell) ? cell.slice(1).trim() : cell;
}
