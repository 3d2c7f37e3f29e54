type Theme = 'light' | 'dark';

/**
 * Key under which the browser stores the reader's choice, so that the choice outlives a reload.
 * Before any choice the theme of the system applies.
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

/** Sets the attribute of the document by which app.css chooses the theme. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = current;
  localStorage.setItem(KEY, current);
}
