/** How times, durations and names are written is the same in the dashboard and in a terminal. */
export * from '@fermata/server/words';
