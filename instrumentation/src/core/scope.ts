/**
 * The instrumentation scope of our spans and log records. Name and version are those of
 * package.json, which a bundled service cannot read. A test compares the two.
 */
export const SCOPE = { name: '@fermata/instrumentation', version: '0.1.0' } as const;
