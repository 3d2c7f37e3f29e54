/** A cell of a table. It is sorted by `sort` if that is set, otherwise by `text`. */
export interface Cell {
  text: string;
  sort?: number;
  /** URL to which the cell links. */
  href?: string;
  /** Class of `.tag` that colours the cell by the state that it shows. */
  tone?: 'bad' | 'warn' | 'failed' | 'ok' | 'run';
  /**
   * Name of a CSS variable, such as `--work`, whose colour is shown as a square before the text.
   */
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
/** The column by which rows are sorted, and the direction. */
export interface Order {
  column: number;
  isDescending: boolean;
}

/** Returns the rows in sorted order. The sort is stable. With null the rows stay as they are. */
export function sorted(rows: readonly Row[], order: Order | null): readonly Row[] {
  if (order === null) return rows;
  const sign = order.isDescending ? -1 : 1;
  return [...rows].sort((a, b) => sign * compare(a.cells[order.column], b.cells[order.column]));
}

/**
 * Returns the order after a click on a column heading. Numbers are first sorted in descending
 * order, texts in ascending order; another click reverses the order.
 */
export function nextOrder(order: Order | null, column: number, isNumber: boolean): Order {
  if (order?.column === column) return { column, isDescending: !order.isDescending };
  return { column, isDescending: isNumber };
}

function compare(a: Cell | undefined, b: Cell | undefined): number {
  if (a?.sort !== undefined && b?.sort !== undefined) return a.sort - b.sort;
  return (a?.text ?? '').localeCompare(b?.text ?? '');
}
