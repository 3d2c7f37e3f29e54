import type { Request } from 'express';
import { z } from 'zod';
import type { DashboardSettings } from '../../contract/index.ts';
import { read, type QueryContext, type Reply, type Route } from '../route.ts';

const MAX_LINKS = 100;
/**
 * Only http and https addresses are accepted, because others, such as `javascript:`, would run in
 * the dashboard.
 */
const url = z
  .string()
  .max(1000)
  .refine((text) => /^https?:\/\//i.test(text), 'is not an http:// or https:// address')
  .refine((text) => text.includes('{value}'), 'has no {value}')
  .refine(
    (text) => URL.canParse(text.replaceAll('{value}', 'x')) && hostOf(text) === hostOf(text, 'y'),
    'is not an address with a fixed host',
  );
const hostOf = (text: string, value = 'x'): string =>
  new URL(text.replaceAll('{value}', value)).host;

const settingsBody = z.strictObject({
  links: z
    .array(z.strictObject({ key: z.string().min(1).max(200), url }))
    .max(MAX_LINKS)
    .refine(
      (links) => new Set(links.map(({ key }) => key)).size === links.length,
      'one key has two links',
    )
    .describe('Links for business keys; {value} stands for the value, like `order.id`'),
});
const NONE: DashboardSettings = { links: [] };

/** Routes for the settings of the dashboard. */
export const SETTINGS_ROUTES: readonly Route[] = [
  {
    operation: 'getSettings',
    path: '/api/v1/settings',
    scope: 'read',
    summary: 'Settings of the dashboard: links for business keys',
    handle: getSettings,
  },
  {
    method: 'post',
    operation: 'saveSettings',
    path: '/api/v1/settings',
    scope: 'admin',
    summary: 'Replace the settings of the dashboard',
    body: settingsBody,
    handle: saveSettings,
  },
];

const ID = 'dashboard';

async function getSettings(
  context: QueryContext,
  _request: Request,
  response: Reply<'getSettings'>,
): Promise<void> {
  const stored = (await context.views.documents('settings')).find(({ id }) => id === ID);
  response.json(stored === undefined ? NONE : (JSON.parse(stored.body) as DashboardSettings));
}

async function saveSettings(
  context: QueryContext,
  request: Request,
  response: Reply<'saveSettings'>,
): Promise<void> {
  const settings = read(settingsBody, request.body ?? {});
  await context.views.saveDocument('settings', ID, context.clock.now(), JSON.stringify(settings));
  response.json(settings);
}
