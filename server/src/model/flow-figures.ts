/** Holds what a list shows of a flow's steps, which it does not read. */
export interface FlowFigures {
  stepCount: number;
  /** Most attempts of one step, less one. */
  retries: number;
}
