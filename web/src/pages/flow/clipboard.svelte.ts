const SHOWN_MS = 2500;

/** Copies texts, and says for a moment what was copied. */
class Clipboard {
  /** What to tell the reader; '' if nothing was copied just now. */
  said = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;

  async copy(text: string, what: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.#say(`${what} copied`);
    } catch {
      // Browsers allow it only to pages that came by HTTPS or from this machine.
      this.#say('The browser does not let this page copy');
    }
  }

  #say(text: string): void {
    this.said = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.said = ''), SHOWN_MS);
  }
}

export const clipboard = new Clipboard();
