const SHOWN_MS = 2500;

/** Copies texts to the clipboard, and holds a short-lived message about it. */
class Clipboard {
  /** The message for the user; empty if nothing was copied recently. */
  said = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;

  async copy(text: string, what: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.#say(`${what} copied`);
    } catch {
      // Browsers allow copying only on pages loaded by HTTPS or from localhost.
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
