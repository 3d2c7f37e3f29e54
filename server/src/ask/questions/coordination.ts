import { z } from 'zod';
import type { CoordinationAnswer } from '../../contract/index.ts';
import { explorerLink, FILTER, parametersOf } from '../filter.ts';
import { question } from '../question.ts';

export const coordination = question({
  name: 'coordination',
  help: 'Reports how services work together, by flow type: orchestrated or choreographed, who must know whom, who hears of failures, what stops if a service stops, with advice.',
  position: 'type',
  input: z.object({ ...FILTER }),
  async ask(client, filter, nowMs) {
    const answer = await client.get<CoordinationAnswer>(
      '/api/v1/lenses/coordination',
      parametersOf(filter, nowMs),
    );
    return {
      data: { flows: answer.population.used, types: answer.types },
      link: explorerLink(client.url, filter, 'map'),
      text: () => answer.markdown.trimEnd() || 'No flow matches.',
    };
  },
});
