import { MediaQuery } from 'svelte/reactivity';

export type Theme = 'light' | 'dark';
/** What the user chose; `system` follows the system's theme, also when that changes. */
export type ThemeChoice = Theme | 'system';

/** Key under which the browser stores the choice. Nothing is stored for the system's theme. */
const KEY = 'chosen-theme';
const isDark = new MediaQuery('prefers-color-scheme: dark');
const kept = localStorage.getItem(KEY);
let choice = $state<ThemeChoice>(kept === 'light' || kept === 'dark' ? kept : 'system');

const systemTheme = (): Theme => (isDark.current ? 'dark' : 'light');
export const themeChoice = (): ThemeChoice => choice;
export const theme = (): Theme => (choice === 'system' ? systemTheme() : choice);
export const otherTheme = (): Theme => (theme() === 'dark' ? 'light' : 'dark');

export function chooseTheme(chosen: ThemeChoice): void {
  choice = chosen;
  if (chosen === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, chosen);
}

/** Switches to the other theme. If that is the system's, the page follows the system again. */
export function toggleTheme(): void {
  const other = otherTheme();
  chooseTheme(other === systemTheme() ? 'system' : other);
}

/** Sets an attribute on the document, by which app.css chooses the theme. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = theme();
}
