import type { DashboardSettings } from '@fermata/server/contract';
import { settingsApi } from './settings-api.ts';

/**
 * Link templates for business keys, from the server's settings. They are requested once, when first
 * needed.
 */
let known = $state.raw<DashboardSettings['links'] | null>(null);
let asked = false;

export const setLinks = (links: DashboardSettings['links']): void => {
  known = links;
};

/** Requests the link templates, unless they have been requested before. */
export function loadLinks(): void {
  if (asked) return;
  asked = true;
  settingsApi.settings().then(
    ({ links }) => setLinks(links),
    () => (asked = false),
  );
}

/** Returns the URL for a value of a business key; null if no link is configured for the key. */
export function linkOf(key: string, value: string): string | null {
  const template = known?.find((link) => link.key === key)?.url;
  return template === undefined ? null : filled(template, value);
}

const filled = (template: string, value: string): string | null => {
  const url = template.replaceAll('{value}', encodeURIComponent(value));
  return /^https?:\/\//i.test(url) ? url : null;
};
