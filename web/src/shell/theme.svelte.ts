type Theme = 'light' | 'dark';

/**
 * Key under which the browser stores the chosen theme. Until one is chosen, the system's theme
 * applies.
 */
const KEY = 'theme';
const initial = (): Theme => {
  const kept = localStorage.getItem(KEY);
  if (kept === 'light' || kept === 'dark') return kept;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
};

let current = $state<Theme>(initial());

export const theme = (): Theme => current;
export const otherTheme = (): Theme => (current === 'dark' ? 'light' : 'dark');
export const toggleTheme = (): void => {
  current = otherTheme();
};

/** Sets an attribute on the document, by which app.css chooses the theme. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = current;
  localStorage.setItem(KEY, current);
}
