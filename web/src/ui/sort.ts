/** A cell of a table: what it shows, and by what it is sorted if that is something else. */
export interface Cell {
  text: string;
  sort?: number;
  /** Address of what the cell counts. */
  href?: string;
  /** State that the cell stands for, a class of `.tag`. */
  tone?: 'bad' | 'warn' | 'failed' | 'ok' | 'run';
  /** Token of a colour, shown as a square before the text: `--work`. */
  colour?: string;
}
export interface Row {
  id: string;
  cells: readonly Cell[];
}
export interface Column {
  label: string;
  isNumber?: boolean;
}
/** Order of rows by one of the columns. */
export interface Order {
  column: number;
  isDescending: boolean;
}

/** Returns the rows in an order; equal rows stay as they were. Null leaves all as they were. */
export function sorted(rows: readonly Row[], order: Order | null): readonly Row[] {
  if (order === null) return rows;
  const sign = order.isDescending ? -1 : 1;
  return [...rows].sort((a, b) => sign * compare(a.cells[order.column], b.cells[order.column]));
}

/** Returns the order after the heading of a column was pressed. Numbers start with the greatest. */
export function nextOrder(order: Order | null, column: number, isNumber: boolean): Order {
  if (order?.column === column) return { column, isDescending: !order.isDescending };
  return { column, isDescending: isNumber };
}

function compare(a: Cell | undefined, b: Cell | undefined): number {
  if (a?.sort !== undefined && b?.sort !== undefined) return a.sort - b.sort;
  return (a?.text ?? '').localeCompare(b?.text ?? '');
}
