export * from './format.ts';
export * from './map-mermaid.ts';
export * from './usual.ts';
export * from './why.ts';
