/** Not exported, not even transitively. */
export type Carrier = Record<string, unknown>;
