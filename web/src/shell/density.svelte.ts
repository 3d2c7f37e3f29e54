type Density = 'comfortable' | 'compact';

/** Key under which the browser stores the chosen density. */
const KEY = 'density';
let current = $state<Density>(localStorage.getItem(KEY) === 'compact' ? 'compact' : 'comfortable');

export const density = (): Density => current;
export function setDensity(chosen: Density): void {
  current = chosen;
  localStorage.setItem(KEY, chosen);
  applyDensity();
}

/** Sets an attribute on the document, by which app.css chooses the height of table rows. */
export function applyDensity(): void {
  document.documentElement.dataset['density'] = current;
}
