/** A column of a table in plain text. */
export interface Column<Row> {
  title: string;
  of: (row: Row) => string;
  /** True for numbers, which are aligned at the right. */
  isRight?: true;
  /**
   * Maximum number of characters. Longer texts are cut, so that one long name does not push the
   * other columns off the screen.
   */
  most?: number;
}

const MOST = 48;
const GAP = '  ';

/** Formats rows as a table with titles. Returns no lines if there are no rows. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[] {
  if (rows.length === 0) return [];
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ of, most = MOST }) => cut(of(row), most))),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => widthOf(line[i]!))));
  return cells.map((line) =>
    line
      .map((cell, i) => padded(cell, widths[i]!, columns[i]!.isRight === true))
      .join(GAP)
      .trimEnd(),
  );
}

/** Replaces line breaks by spaces, because a name with a line break could look like two rows. */
export const oneLine = (text: string): string => text.replace(/[\r\n\u2028\u2029]+/g, ' ');

/** Returns the text with at most `most` characters, with an ellipsis at the end if it was cut. */
export function cut(text: string, most: number): string {
  const line = oneLine(text);
  return widthOf(line) <= most ? line : `${[...line].slice(0, most - 1).join('')}…`;
}

export const widthOf = (text: string): number => [...text].length;

export const padded = (text: string, width: number, isRight = false): string => {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return isRight ? space + text : text + space;
};
