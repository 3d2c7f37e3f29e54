import type { Lease } from '../base/memory.ts';
import type { FlowWriter } from './port/index.ts';
import { FLOW_COLUMNS, flowRows } from './rows/flow.ts';
import { createRowBinary } from './rows/row-binary.ts';
import type { TableWriter } from './table-writer.ts';

/**
 * Number of flows whose rows are built before the loop yields to other work, such as receiving
 * spans. Building so many rows takes about 15 ms.
 */
const FLOWS_AT_ONCE = 250;

export function createFlowWriter({ insertRows, memory }: TableWriter): FlowWriter {
  const rowBinary = createRowBinary();
  return {
    async insertFlows(changes, upToBatch, settlesAt) {
      if (changes.length === 0) return;
      const rows: Lease[] = [];
      for (let from = 0; from < changes.length; from += FLOWS_AT_ONCE) {
        if (from > 0) await new Promise((resolve) => setImmediate(resolve));
        const some = changes.slice(from, from + FLOWS_AT_ONCE);
        rows.push(flowRows(rowBinary, some, upToBatch, settlesAt, memory));
      }
      await insertRows('flows', FLOW_COLUMNS, rows);
    },
  };
}
