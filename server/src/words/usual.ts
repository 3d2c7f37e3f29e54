/** Says why no flow is longer than usual, if an answer has `isNothingUsual`. */
export const NOTHING_USUAL =
  'No flow of these types is older than this time, so that what is usual is not known. Ask for less time.';
