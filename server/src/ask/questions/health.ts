import { z } from 'zod';
import type { About, Health } from '../../contract/index.ts';
import { question } from '../question.ts';

export const health = question({
  name: 'health',
  help: 'Says whether Fermata itself is well: what it refuses, what is full or behind, and what to do.',
  input: z.object({}),
  async ask(client) {
    const [state, about] = await Promise.all([
      client.get<Health>('/api/v1/health'),
      client.get<About>('/api/v1/about'),
    ]);
    const { version, startedAt, store, retention, otlpHttp, otlpGrpc } = about;
    return {
      data: { ...state, version, startedAt, store, retention, otlpHttp, otlpGrpc },
      link: `${client.url}/settings`,
      text: () =>
        [
          `Fermata ${version} since ${startedAt.slice(0, 19)}, keeps ${retention}, ${state.ready ? 'takes spans' : 'takes no spans'} at ${otlpHttp} and ${otlpGrpc}`,
          ...state.conditions.map(({ text, hint }) => `${text}\n  → ${hint}`),
          ...(state.conditions.length === 0 ? ['Nothing is wrong with it.'] : []),
        ].join('\n'),
    };
  },
});
