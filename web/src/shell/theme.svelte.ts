type Theme = 'light' | 'dark';

/**
 * Key of the reader's choice, which outlives a reload; before any choice the system's own theme
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

/** Sets the attribute that app.css reads. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = current;
  localStorage.setItem(KEY, current);
}
