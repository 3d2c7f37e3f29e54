/**
 * The formats of times, durations and names are shared with the server, so that a terminal shows
 * them in the same way.
 */
export * from '@fermata/server/words';
