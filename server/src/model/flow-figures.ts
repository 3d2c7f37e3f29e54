/** Figures that lists show of a flow's steps, because lists do not read the steps themselves. */
export interface FlowFigures {
  stepCount: number;
  /** Greatest number of attempts of any step, minus one. */
  retries: number;
}
