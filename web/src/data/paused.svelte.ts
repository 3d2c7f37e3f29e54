/** True while the reader has stopped the live updates of all pages. */
let isPaused = $state(false);

export const paused = (): boolean => isPaused;
export const togglePaused = (): void => {
  isPaused = !isPaused;
};
